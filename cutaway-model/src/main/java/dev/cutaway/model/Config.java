package dev.cutaway.model;

import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's {@code config.json}, under Hugging Face's keys. GGUF files are presented under the same keys.
 *
 * @param file what to name in messages
 * @param values the JSON object
 */
public record Config(String file, Map<String, Object> values) {
    /** Whether the key is there and not null. */
    public boolean has(String key) {
        return values.get(key) != null;
    }

    /** A number from 1 to two billion. */
    public int positive(String key) {
        return positive(key, Optional.empty());
    }

    public int positive(String key, int otherwise) {
        return positive(key, Optional.of(otherwise));
    }

    private int positive(String key, Optional<Integer> otherwise) {
        int n = (int) number(key, otherwise.map(Integer::doubleValue), 1, Integer.MAX_VALUE, true);
        return n;
    }

    /** A whole number from 0, such as an id or a window. */
    public int count(String key, int otherwise) {
        return (int) number(key, Optional.of((double) otherwise), 0, Integer.MAX_VALUE, true);
    }

    public double real(String key) {
        return number(key, Optional.empty(), -Double.MAX_VALUE, Double.MAX_VALUE, false);
    }

    public double real(String key, double otherwise) {
        return number(key, Optional.of(otherwise), -Double.MAX_VALUE, Double.MAX_VALUE, false);
    }

    private double number(String key, Optional<Double> otherwise, double min, double max, boolean whole) {
        Object v = values.get(key);
        if (v == null) {
            return otherwise.orElseThrow(
                    () -> bad(key, "is missing; the file is not the configuration of this kind of model"));
        }
        if (!(v instanceof Number n) || !Double.isFinite(n.doubleValue())) {
            throw bad(key, "is " + shown(v) + "; it must be a number");
        }
        double d = n.doubleValue();
        if (d < min || d > max || (whole && d != Math.rint(d))) {
            throw bad(key, "is " + shown(v) + "; it must be a whole number from " + (long) min + " to " + (long) max);
        }
        return d;
    }

    public boolean flag(String key, boolean otherwise) {
        Object v = values.get(key);
        if (v == null) {
            return otherwise;
        }
        if (v instanceof Boolean b) {
            return b;
        }
        throw bad(key, "is " + shown(v) + "; it must be true or false");
    }

    public String text(String key, String otherwise) {
        Object v = values.get(key);
        if (v == null) {
            return otherwise;
        }
        if (v instanceof String s) {
            return s;
        }
        throw bad(key, "is " + shown(v) + "; it must be a text");
    }

    /** An object within, under the same file name; empty if absent. */
    @SuppressWarnings("unchecked")
    public Optional<Config> inner(String key) {
        Object v = values.get(key);
        if (v == null) {
            return Optional.empty();
        }
        if (v instanceof Map<?, ?> m) {
            return Optional.of(new Config(file + ": " + key, (Map<String, Object>) m));
        }
        throw bad(key, "is " + shown(v) + "; it must be an object");
    }

    public List<String> texts(String key) {
        List<String> out = new ArrayList<>();
        for (Object o : list(key)) {
            if (!(o instanceof String s)) {
                throw bad(key, "holds " + shown(o) + "; it must hold texts");
            }
            out.add(s);
        }
        return out;
    }

    public double[] reals(String key) {
        List<?> list = list(key);
        double[] out = new double[list.size()];
        for (int i = 0; i < out.length; i++) {
            if (!(list.get(i) instanceof Number n)) {
                throw bad(key, "holds " + shown(list.get(i)) + "; it must hold numbers");
            }
            out[i] = n.doubleValue();
        }
        return out;
    }

    private List<?> list(String key) {
        Object v = values.get(key);
        if (v == null) {
            return List.of();
        }
        if (v instanceof List<?> l) {
            return l;
        }
        throw bad(key, "is " + shown(v) + "; it must be a list");
    }

    /** An error that names this file and key. */
    public BadInputException bad(String key, String what) {
        return new BadInputException(file + ": " + key + " " + what);
    }

    private static String shown(Object v) {
        String s = String.valueOf(v);
        return v instanceof String ? "\"" + (s.length() > 40 ? s.substring(0, 40) + "..." : s) + "\"" : s;
    }
}
