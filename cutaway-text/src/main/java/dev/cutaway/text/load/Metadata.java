package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import java.lang.reflect.Array;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** Typed access to a GGUF file's metadata, with complaints that name the file and the key. */
final class Metadata {
    private final Map<String, Object> values;
    private final String file;

    Metadata(Map<String, Object> values, String file) {
        this.values = values;
        this.file = file;
    }

    String file() {
        return file;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<String> text(String key) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof String s) {
            return Optional.of(s);
        }
        throw wrong(key, value, "a string");
    }

    boolean flag(String key, boolean otherwise) {
        Object value = values.get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean b) {
            return b;
        }
        throw wrong(key, value, "true or false");
    }

    Optional<Long> integer(String key) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Number n && !(value instanceof Float) && !(value instanceof Double)) {
            return Optional.of(n.longValue());
        }
        throw wrong(key, value, "an integer");
    }

    /** An array of strings. */
    PackedTexts texts(String key) {
        Object value = values.get(key);
        if (value instanceof PackedTexts packed) {
            return packed;
        }
        if (value == null) {
            throw bad(key, "is missing");
        }
        int n = length(key, value, "an array of strings");
        PackedTexts.Builder out = new PackedTexts.Builder(n, 8 * n);
        int i = 0;
        for (Object item : items(value)) {
            if (!(item instanceof String s)) {
                throw wrong(key + "[" + i + "]", item, "a string");
            }
            out.add(s);
            i++;
        }
        return out.build();
    }

    /** An array of numbers, widened; empty if the key is missing. */
    double[] numbers(String key) {
        Object value = values.get(key);
        if (value == null) {
            return new double[0];
        }
        int n = length(key, value, "an array of numbers");
        double[] out = new double[n];
        int i = 0;
        for (Object item : items(value)) {
            if (!(item instanceof Number number)) {
                throw wrong(key + "[" + i + "]", item, "a number");
            }
            out[i++] = number.doubleValue();
        }
        return out;
    }

    /** An array of numbers as floats, not a copy where it is one; empty if the key is missing. */
    float[] floats(String key) {
        if (values.get(key) instanceof float[] f) {
            return f;
        }
        double[] wide = numbers(key);
        float[] out = new float[wide.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) wide[i];
        }
        return out;
    }

    /** An array of numbers as integers, not a copy where it is one; empty if the key is missing. */
    int[] integers(String key) {
        if (values.get(key) instanceof int[] whole) {
            return whole;
        }
        double[] wide = numbers(key);
        int[] out = new int[wide.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (int) wide[i];
        }
        return out;
    }

    private int length(String key, Object value, String expected) {
        if (value instanceof Collection<?> c) {
            return c.size();
        }
        if (value.getClass().isArray()) {
            return Array.getLength(value);
        }
        throw wrong(key, value, expected);
    }

    private static Iterable<?> items(Object value) {
        if (value instanceof Collection<?> c) {
            return c;
        }
        return () -> java.util.stream.IntStream.range(0, Array.getLength(value))
                .mapToObj(i -> Array.get(value, i))
                .iterator();
    }

    private BadInputException wrong(String key, Object value, String expected) {
        String shown = value.getClass().isArray() ? "an array" : String.valueOf(value);
        return bad(
                key,
                "is " + (shown.length() <= 60 ? shown : shown.substring(0, 60) + "...") + ", expected " + expected);
    }

    BadInputException bad(String key, String problem) {
        return new BadInputException(file + ": " + key + " " + problem + "; the file is damaged, get it again");
    }
}
