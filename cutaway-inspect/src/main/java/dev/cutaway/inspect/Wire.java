package dev.cutaway.inspect;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.tensor.BadInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What goes over the WebSocket. JSON messages carry an {@code id}, the number of the request they answer, or an
 * {@code event}. A tensor is one binary message, little endian throughout:
 *
 * <pre>
 *   int32  id of the request
 *   int32  rank
 *   int32  size of each dimension, rank times
 *   float32 values, row-major
 * </pre>
 *
 * Everything is four bytes wide, so a page reads the values in place.
 */
final class Wire {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Wire() {}

    static byte[] frame(int id, InspectedModel.Matrix matrix) {
        long[] shape = matrix.shape();
        float[] values = matrix.values();
        ByteBuffer buffer = ByteBuffer.allocate(8 + 4 * shape.length + 4 * values.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(id)
                .putInt(shape.length);
        for (long size : shape) {
            buffer.putInt(Math.toIntExact(size));
        }
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ArrayNode array() {
        return JSON.createArrayNode();
    }

    /** Adds a number; JSON has no word for one that is not finite, so that is null. */
    static void add(ArrayNode to, double value) {
        if (Double.isFinite(value)) {
            to.add(value);
        } else {
            to.addNull();
        }
    }

    static JsonNode tree(Object value) {
        return JSON.valueToTree(value);
    }

    static String text(JsonNode node) {
        try {
            return JSON.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree always has a text", e);
        }
    }

    static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new BadInputException("message from the page is not JSON: " + e.getOriginalMessage());
        }
    }
}
