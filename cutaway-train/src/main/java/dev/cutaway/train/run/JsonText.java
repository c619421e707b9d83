package dev.cutaway.train.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** JSON of runs: one line for logs, indented for files. */
final class JsonText {
    private static final ObjectMapper LINE = new ObjectMapper();
    private static final ObjectMapper FILE = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private JsonText() {}

    static String line(Map<String, ?> value) {
        try {
            return LINE.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] file(Map<String, ?> value) {
        try {
            return (FILE.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** An object in a file; the message says what the file should be. */
    static Map<String, Object> read(Path file) {
        try {
            return LINE.readValue(Files.readString(file), new TypeReference<Map<String, Object>>() {});
        } catch (IOException e) {
            throw new BadInputException(
                    file
                            + ": cannot be read as JSON; the checkpoint is damaged, remove it or start again with --overwrite",
                    e);
        }
    }

    /** The object in a line; empty if it is none. */
    static Optional<Map<String, Object>> parse(String line) {
        try {
            return Optional.ofNullable(LINE.readValue(line, new TypeReference<Map<String, Object>>() {}));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }
}
