package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Options by name, as a recipe gives them. A key that nobody asked for is an error. */
final class Settings {
    private final String kind;
    private final Map<String, Object> left = new HashMap<>(); // null values are kept: they say "none"
    private final TreeSet<String> known = new TreeSet<>();

    Settings(String kind, Map<String, ?> options) {
        this.kind = kind;
        options.forEach((key, value) -> left.put(key, value));
    }

    private boolean has(String key) {
        known.add(key);
        return left.containsKey(key);
    }

    private @Nullable Object take(String key) {
        return left.remove(key);
    }

    private UsageException wrong(String key, @Nullable Object value, String expected) {
        String shown = String.valueOf(value).replaceAll("\\s+", " ");
        return new UsageException("tokenizer " + kind + ": " + key + " is "
                + (shown.length() <= 60 ? shown : shown.substring(0, 60) + "...") + ", expected " + expected);
    }

    int integer(String key, int otherwise, int least, int most) {
        if (!has(key)) {
            return otherwise;
        }
        Object value = take(key);
        boolean whole = value instanceof Integer || value instanceof Long || value instanceof Short;
        if (!whole || !(value instanceof Number n) || n.longValue() < least || n.longValue() > most) {
            throw wrong(key, value, "a whole number from " + least + " to " + most);
        }
        return n.intValue();
    }

    /** A whole number, or none if it is not given or null. */
    OptionalInt optional(String key, int least, int most) {
        if (!has(key)) {
            return OptionalInt.empty();
        }
        if (left.get(key) == null) {
            take(key);
            return OptionalInt.empty();
        }
        return OptionalInt.of(integer(key, 0, least, most));
    }

    double number(String key, double otherwise, double above, double below) {
        if (!has(key)) {
            return otherwise;
        }
        Object value = take(key);
        if (!(value instanceof Number n) || !(n.doubleValue() > above && n.doubleValue() < below)) {
            throw wrong(key, value, "a number between " + above + " and " + below);
        }
        return n.doubleValue();
    }

    boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        Object value = take(key);
        if (!(value instanceof Boolean b)) {
            throw wrong(key, value, "true or false");
        }
        return b;
    }

    String text(String key, String otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        Object value = take(key);
        if (!(value instanceof String s) || s.isEmpty()) {
            throw wrong(key, value, "a text");
        }
        return s;
    }

    /** A text, or none if it is null. */
    Optional<String> optional(String key, Optional<String> otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        if (left.get(key) == null) {
            take(key);
            return Optional.empty();
        }
        return Optional.of(text(key, ""));
    }

    String choice(String key, String otherwise, List<String> choices) {
        String given = text(key, otherwise);
        if (!choices.contains(given)) {
            throw wrong(key, given, "one of " + String.join(", ", choices));
        }
        return given;
    }

    List<String> texts(String key, List<String> otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        Object value = take(key);
        if (!(value instanceof List<?> list)) {
            throw wrong(key, value, "a list of texts");
        }
        List<String> out = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof String s)) {
                throw wrong(key, value, "a list of texts");
            }
            out.add(s);
        }
        return out;
    }

    /** {@code special_tokens}, {@code unk_token}, {@code begin} and {@code end} with a size and a frequency given by the kind. */
    VocabularyOptions vocabulary(
            int size, long minFrequency, List<String> special, Optional<String> begin, Optional<String> end) {
        return vocabulary(size, minFrequency, special, Optional.empty(), begin, end);
    }

    /** The same with an unknown token. */
    VocabularyOptions vocabulary(
            int size,
            long minFrequency,
            List<String> special,
            Optional<String> unknown,
            Optional<String> begin,
            Optional<String> end) {
        return new VocabularyOptions(
                size,
                minFrequency,
                texts("special_tokens", special),
                unknown,
                optional("begin", begin),
                optional("end", end));
    }

    int size() {
        return integer("vocab_size", 8000, 1, 16_000_000);
    }

    long minFrequency(int otherwise) {
        return integer("min_frequency", otherwise, 0, Integer.MAX_VALUE);
    }

    /** Complains of keys that were not asked for. */
    void finish() {
        if (!left.isEmpty()) {
            String key = new TreeSet<>(left.keySet()).first();
            throw new UsageException(
                    "tokenizer " + kind + ": " + key + " is not an option; the nearest is " + Nearest.of(key, known));
        }
    }
}
