package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** The key-value part of a GGUF file, with getters that say which key of which file is wrong. */
public final class GgufMetadata {
    private final Path file;
    private final SequencedMap<String, GgufValue> values;

    GgufMetadata(Path file, SequencedMap<String, GgufValue> values) {
        this.file = file;
        this.values = Collections.unmodifiableSequencedMap(values);
    }

    /** All values with their types, in the file's order. */
    public SequencedMap<String, GgufValue> values() {
        return values;
    }

    /** Whether a key is there. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    private Optional<Object> raw(String key) {
        return Optional.ofNullable(values.get(key)).map(GgufValue::value);
    }

    /** A text, if the key is there. */
    public Optional<String> string(String key) {
        return typed(key, String.class, "a text");
    }

    /** A whole number, if the key is there. */
    public Optional<Long> integer(String key) {
        return typed(key, Long.class, "a whole number");
    }

    /**
     * A whole number of 32 bits, if the key is there.
     *
     * @throws BadInputException if it is larger
     */
    public Optional<Integer> int32(String key) {
        return integer(key).map(v -> {
            if (v.intValue() != v) {
                throw new BadInputException(file + ": key " + key + " is " + v + ", which is out of range");
            }
            return v.intValue();
        });
    }

    /** A number of either kind, if the key is there. */
    public Optional<Double> number(String key) {
        return typed(key, Number.class, "a number").map(GgufMetadata::number);
    }

    /** A float by its shortest decimal form, so that 1e-5f becomes 1e-5. */
    private static double number(Number n) {
        return n instanceof Float f ? Double.parseDouble(f.toString()) : n.doubleValue();
    }

    /** A truth value, if the key is there. */
    public Optional<Boolean> bool(String key) {
        return typed(key, Boolean.class, "a truth value");
    }

    /** Texts as a list that may make them when they are asked for, if the key is there. */
    public Optional<List<String>> texts(String key) {
        GgufValue value = values.get(key);
        if (value != null && value.held() instanceof PackedTexts packed) {
            return Optional.of(packed);
        }
        return strings(key).map(List::of);
    }

    /** Texts, if the key is there. */
    public Optional<String[]> strings(String key) {
        return typed(key, String[].class, "an array of texts");
    }

    /** Whole numbers, if the key is there; not a copy. */
    public Optional<int[]> integers(String key) {
        return typed(key, int[].class, "an array of whole numbers of 32 bits");
    }

    /** Numbers, if the key is there; not a copy. */
    public Optional<float[]> floats(String key) {
        return typed(key, float[].class, "an array of numbers");
    }

    /** Truth values, if the key is there; not a copy. */
    public Optional<boolean[]> bools(String key) {
        return typed(key, boolean[].class, "an array of truth values");
    }

    /**
     * A whole number that must be there, from 0 to the largest int.
     *
     * @throws BadInputException naming file and key
     */
    public int size(String key) {
        long value = integer(key).orElseThrow(() -> missing(key));
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new BadInputException(file + ": key " + key + " is " + value + ", which is no size");
        }
        return (int) value;
    }

    /** The error for a key that is not there. */
    BadInputException missing(String key) {
        return new BadInputException(file + ": key " + key + " is missing; the file is incomplete, convert it again");
    }

    private <T> Optional<T> typed(String key, Class<T> type, String wanted) {
        return raw(key).map(v -> {
            if (!type.isInstance(v)) {
                throw new BadInputException(
                        file + ": key " + key + " is " + shown(v) + ", not " + wanted + "; convert it again");
            }
            return type.cast(v);
        });
    }

    private static String shown(Object value) {
        String text = switch (value) {
            case String[] a -> "an array of " + a.length + " texts";
            case int[] a -> Arrays.toString(Arrays.copyOf(a, Math.min(a.length, 8)));
            case float[] a -> Arrays.toString(Arrays.copyOf(a, Math.min(a.length, 8)));
            case boolean[] a -> Arrays.toString(Arrays.copyOf(a, Math.min(a.length, 8)));
            default -> value.toString().lines().findFirst().orElse("\"\"");
        };
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }

    /** The file this came from. */
    public Path file() {
        return file;
    }
}
