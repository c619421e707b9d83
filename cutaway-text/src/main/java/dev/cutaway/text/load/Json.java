package dev.cutaway.text.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A value of a JSON file that knows where it stands, so that every complaint can name the file, the field and the value.
 */
final class Json {
    /** No tokenizer is larger; what is gets refused before it is read. */
    static final long LARGEST_FILE = 512L << 20;

    private static final ObjectMapper MAPPER = JsonMapper.builder(com.fasterxml.jackson.core.JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(64)
                            .maxStringLength(64 << 20)
                            .maxNameLength(1 << 20)
                            .maxNumberLength(64)
                            .build())
                    .build())
            .build();

    private final JsonNode node;
    private final String file;
    private final String path;

    private Json(JsonNode node, String file, String path) {
        this.node = node;
        this.file = file;
        this.path = path;
    }

    static Json read(Path file) {
        return parse(bytes(file), file.toString());
    }

    /** A file's content, if it is a regular file of a size that a tokenizer may have. */
    static byte[] bytes(Path file) {
        String name = file.toString();
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadInputException(name + ": not a regular file; give the path of a tokenizer file");
            }
            long size = Files.size(file);
            if (size > LARGEST_FILE) {
                throw new BadInputException(name + ": " + size + " bytes; a tokenizer file has at most " + LARGEST_FILE
                        + ", this is something else");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadInputException(
                    name + ": cannot be read (" + e.getMessage() + "); check the path and its permissions", e);
        }
    }

    static Json parse(byte[] bytes, String file) {
        try {
            JsonNode node = MAPPER.readTree(bytes);
            return new Json(node == null ? MissingNode.getInstance() : node, file, "");
        } catch (JsonProcessingException e) {
            String where =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            throw new BadInputException(
                    file + ": not valid JSON" + where + " (" + oneLine(e.getOriginalMessage())
                            + "); the file is damaged or truncated, get it again",
                    e);
        } catch (IOException e) {
            throw new BadInputException(
                    file + ": cannot be read (" + oneLine(String.valueOf(e.getMessage())) + "); get it again", e);
        }
    }

    private static String oneLine(String message) {
        String line = message.replaceAll("\\s+", " ");
        return line.length() <= 120 ? line : line.substring(0, 120) + "...";
    }

    /** File and field, as messages begin. */
    String where() {
        return path.isEmpty() ? file : file + ": " + path;
    }

    String file() {
        return file;
    }

    BadInputException wrong(String expected) {
        String shown = node.isMissingNode() ? "missing" : node.toString();
        return new BadInputException(where() + " is " + (shown.length() <= 60 ? shown : shown.substring(0, 60) + "...")
                + ", expected " + expected + "; correct it or get the file again");
    }

    BadInputException bad(String problem) {
        return new BadInputException(where() + " " + problem + "; correct it or get the file again");
    }

    Json get(String key) {
        return new Json(node.path(key), file, path.isEmpty() ? key : path + "." + key);
    }

    /** The field, unless it is missing or null. */
    Optional<Json> find(String key) {
        Json value = get(key);
        return value.present() ? Optional.of(value) : Optional.empty();
    }

    boolean present() {
        return !node.isMissingNode() && !node.isNull();
    }

    boolean isObject() {
        return node.isObject();
    }

    boolean isArray() {
        return node.isArray();
    }

    boolean isText() {
        return node.isTextual();
    }

    String text() {
        if (!node.isTextual()) {
            throw wrong("a string");
        }
        return node.textValue();
    }

    String text(String key) {
        return get(key).text();
    }

    String text(String key, String otherwise) {
        return find(key).map(Json::text).orElse(otherwise);
    }

    /** The one character of a string. */
    int character(String key, String otherwise) {
        String s = text(key, otherwise);
        if (s.isEmpty() || s.codePointCount(0, s.length()) != 1) {
            throw get(key).wrong("one character");
        }
        return s.codePointAt(0);
    }

    boolean flag(String key, boolean otherwise) {
        Optional<Json> value = find(key);
        if (value.isEmpty()) {
            return otherwise;
        }
        if (!value.get().node.isBoolean()) {
            throw value.get().wrong("true or false");
        }
        return value.get().node.booleanValue();
    }

    boolean isFlag() {
        return node.isBoolean();
    }

    long integer() {
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw wrong("an integer");
        }
        return node.longValue();
    }

    int integer(String key, int otherwise, int least, int most) {
        Optional<Json> value = find(key);
        if (value.isEmpty()) {
            return otherwise;
        }
        long v = value.get().integer();
        if (v < least || v > most) {
            throw value.get().wrong("an integer from " + least + " to " + most);
        }
        return (int) v;
    }

    double number() {
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw wrong("a finite number");
        }
        return node.doubleValue();
    }

    int size() {
        return node.size();
    }

    List<Json> items() {
        if (!node.isArray()) {
            throw wrong("an array");
        }
        List<Json> out = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            out.add(new Json(node.get(i), file, path + "[" + i + "]"));
        }
        return out;
    }

    /** Visits the fields of an object. */
    void fields(java.util.function.BiConsumer<String, Json> visitor) {
        if (!node.isObject()) {
            throw wrong("an object");
        }
        node.properties()
                .forEach(e -> visitor.accept(e.getKey(), new Json(e.getValue(), file, path + "." + shown(e.getKey()))));
    }

    private static String shown(String key) {
        return key.length() <= 40 ? key : key.substring(0, 40) + "...";
    }
}
