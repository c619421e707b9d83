package dev.cutaway.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.cutaway.tensor.BadInputException;

/** JSON that a user hands in: a line, or a small file. */
final class JsonInput {
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(64)
                            .maxStringLength(1 << 28)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonInput() {}

    /**
     * Reads one value.
     *
     * @param where what to name in messages
     * @throws BadInputException if it is none
     */
    static JsonNode parse(String text, String where) {
        try {
            JsonNode node = MAPPER.readTree(text);
            return node == null ? MissingNode.getInstance() : node;
        } catch (JsonProcessingException e) {
            throw new BadInputException(where + ": is no JSON (" + brief(e.getOriginalMessage()) + "); correct it");
        }
    }

    /** An array of token ids. */
    static int[] ids(JsonNode node, String where) {
        if (!node.isArray()) {
            throw new BadInputException(where + ": is no array of ids, such as [1, 2, 3]");
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = node.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw new BadInputException(
                        where + ": " + brief(id.toString()) + " is no token id; ids are whole numbers from 0");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private static String brief(String s) {
        return s.length() <= 100 ? s : s.substring(0, 100) + "...";
    }
}
