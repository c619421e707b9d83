package dev.cutaway.train.data;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A recipe's map, read key by key; what nobody asked for is an error that names the nearest key that exists. */
final class Keys {
    private final String where;
    private final Map<String, Object> values;
    private final Set<String> known = new LinkedHashSet<>();

    Keys(String where, Map<String, Object> values) {
        this.where = where;
        this.values = values;
    }

    boolean has(String key) {
        return value(key) != null;
    }

    private @Nullable Object value(String key) {
        known.add(key);
        return values.get(key);
    }

    String text(String key) {
        return optionalText(key).orElseThrow(() -> bad(key, "is missing"));
    }

    String text(String key, String otherwise) {
        return optionalText(key).orElse(otherwise);
    }

    /** A text; a number counts as one, since YAML cannot know. */
    Optional<String> optionalText(String key) {
        Object v = value(key);
        if (v == null) {
            return Optional.empty();
        }
        if (v instanceof String || v instanceof Number) {
            return Optional.of(String.valueOf(v));
        }
        throw bad(key, "is " + shown(v) + "; it must be a text");
    }

    /** A text or a list of texts; empty if it is not there. */
    List<String> texts(String key) {
        Object v = value(key);
        if (!(v instanceof List<?> list)) {
            return optionalText(key).map(List::of).orElse(List.of());
        }
        List<String> out = new ArrayList<>();
        for (Object o : list) {
            if (!(o instanceof String || o instanceof Number)) {
                throw bad(key, "holds " + shown(o) + "; it must hold texts");
            }
            out.add(String.valueOf(o));
        }
        return out;
    }

    /** Files, in the directory that {@code dir} names if there is one. */
    List<Path> files(String key) {
        List<Path> out = new ArrayList<>();
        for (String name : texts(key)) {
            out.add(path(key, name));
        }
        if (out.isEmpty()) {
            throw bad(key, "names no file");
        }
        verify(key, out);
        return out;
    }

    Path file(String key) {
        Path file = path(key, text(key));
        verify(key, List.of(file));
        return file;
    }

    /** Compares files with the sums that {@code sha256} gives, in the same order. */
    private void verify(String key, List<Path> files) {
        List<String> sums = texts("sha256");
        if (!sums.isEmpty() && sums.size() != files.size()) {
            throw bad("sha256", "holds " + sums.size() + " sums, data." + key + " names " + files.size() + " files");
        }
        for (int i = 0; i < sums.size(); i++) {
            DataFiles.verify(files.get(i), sums.get(i));
        }
    }

    Optional<Path> optionalFile(String key) {
        return optionalText(key).map(name -> path(key, name));
    }

    private Path path(String key, String name) {
        try {
            Path file = Path.of(name);
            return optionalText("dir").map(d -> Path.of(d).resolve(file)).orElse(file);
        } catch (InvalidPathException e) {
            throw bad(key, "is " + shown(name) + ", which is no path");
        }
    }

    boolean flag(String key, boolean otherwise) {
        Object v = value(key);
        if (v == null) {
            return otherwise;
        }
        if (v instanceof Boolean b) {
            return b;
        }
        throw bad(key, "is " + shown(v) + "; it must be true or false");
    }

    int whole(String key, int min, int max, int otherwise) {
        return optionalWhole(key, min, max).orElse(otherwise);
    }

    OptionalInt optionalWhole(String key, int min, int max) {
        Object v = value(key);
        if (v == null) {
            return OptionalInt.empty();
        }
        if (v instanceof Number n && n.doubleValue() == Math.rint(n.doubleValue())) {
            double d = n.doubleValue();
            if (d >= min && d <= max) {
                return OptionalInt.of((int) d);
            }
        }
        throw bad(key, "is " + shown(v) + "; it must be a whole number from " + min + " to " + max);
    }

    double real(String key, double min, double max, double otherwise) {
        Object v = value(key);
        return v == null ? otherwise : real(key, v, min, max);
    }

    private double real(String key, Object v, double min, double max) {
        if (v instanceof Number n && n.doubleValue() >= min && n.doubleValue() <= max) {
            return n.doubleValue();
        }
        throw bad(key, "is " + shown(v) + "; it must be a number from " + plain(min) + " to " + plain(max));
    }

    /** A number or a list of them; empty if it is not there. */
    List<Double> reals(String key, double min, double max) {
        Object v = value(key);
        if (v == null) {
            return List.of();
        }
        List<Double> out = new ArrayList<>();
        for (Object o : v instanceof List<?> list ? list : List.of(v)) {
            out.add(real(key, o, min, max));
        }
        return out;
    }

    /** One of several words. */
    String choice(String key, String otherwise, String... choices) {
        String v = text(key, otherwise);
        if (!List.of(choices).contains(v)) {
            throw bad(
                    key,
                    "is " + shown(v) + "; did you mean " + Nearest.of(v, List.of(choices)) + "? ("
                            + String.join(", ", choices) + ")");
        }
        return v;
    }

    /** A map within; empty if it is not there. */
    @SuppressWarnings("unchecked")
    Optional<Map<String, Object>> inner(String key) {
        Object v = value(key);
        if (v == null) {
            return Optional.empty();
        }
        if (v instanceof Map<?, ?> m) {
            return Optional.of((Map<String, Object>) m);
        }
        throw bad(key, "is " + shown(v) + "; it must be a map of keys");
    }

    /** Refuses keys that nobody has asked for. */
    void done() {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                throw new UsageException(where + ": " + key + " is not known here; did you mean "
                        + Nearest.of(key, known) + "? (" + String.join(", ", known) + ")");
            }
        }
    }

    UsageException bad(String key, String what) {
        return new UsageException(where + "." + key + " " + what);
    }

    private static String plain(double x) {
        return x == Math.rint(x) && Math.abs(x) < 1e15 ? Long.toString((long) x) : Double.toString(x);
    }

    private static String shown(@Nullable Object v) {
        String s = String.valueOf(v);
        return v instanceof String ? "\"" + (s.length() > 60 ? s.substring(0, 60) + "..." : s) + "\"" : s;
    }
}
