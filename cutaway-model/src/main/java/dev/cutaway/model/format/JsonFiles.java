package dev.cutaway.model.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The JSON files of a model directory, read with limits on size and nesting. */
final class JsonFiles {
    private static final long MAX_BYTES = 256L << 20;
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(200)
                            .maxStringLength(64 << 20)
                            .maxDocumentLength(MAX_BYTES)
                            .build())
                    .build())
            .enable(SerializationFeature.INDENT_OUTPUT);

    private JsonFiles() {}

    /** A file of a directory; a node that is missing if there is no such file. */
    static JsonNode readIfThere(Path file) {
        if (!Files.exists(file)) {
            return MissingNode.getInstance();
        }
        MappedFile.requireRegular(file);
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInputException(
                        file + ": " + Files.size(file) + " bytes are more than a JSON file of a model has");
            }
            return MAPPER.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    file + ": is not valid JSON (" + MappedFile.reason(new IOException(e.getOriginalMessage()))
                            + "); download it again",
                    e);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + MappedFile.reason(e) + ")", e);
        }
    }

    /** A file of text, empty if there is none. */
    static Optional<String> textIfThere(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        MappedFile.requireRegular(file);
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInputException(
                        file + ": " + Files.size(file) + " bytes are more than a text of a model has");
            }
            return Optional.of(Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read as UTF-8 (" + MappedFile.reason(e) + ")", e);
        }
    }

    /** A value as indented JSON. */
    static byte[] write(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a configuration that is no JSON", e);
        }
    }
}
