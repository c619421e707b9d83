package dev.cutaway.cli;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON. A few lines instead of a library, because loading one takes longer than many a command has to answer. Numbers
 * that JSON does not have (NaN, infinities) become null.
 */
final class Json {
    private Json() {}

    /** An object with keys and values in turn, in this order. */
    static Map<String, Object> object(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    /** The JSON of text, numbers, booleans, null, arrays of numbers, and maps and lists of these; in one line. */
    static String of(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(@Nullable Object value, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case String s -> quote(s, out);
            case Double d -> out.append(Double.isFinite(d) ? d.toString() : "null");
            case Float f -> out.append(Float.isFinite(f) ? f.toString() : "null");
            case Number n -> out.append(n);
            case Boolean b -> out.append(b);
            case int[] a -> array(a.length, i -> out.append(a[i]), out);
            case long[] a -> array(a.length, i -> out.append(a[i]), out);
            case float[] a -> array(a.length, i -> write(a[i], out), out);
            case Map<?, ?> m -> map(m, out);
            case List<?> l -> array(l.size(), i -> write(l.get(i), out), out);
            default -> quote(value.toString(), out);
        }
    }

    private static void array(int n, java.util.function.IntConsumer element, StringBuilder out) {
        out.append('[');
        for (int i = 0; i < n; i++) {
            out.append(i == 0 ? "" : ",");
            element.accept(i);
        }
        out.append(']');
    }

    private static void map(Map<?, ?> m, StringBuilder out) {
        out.append('{');
        for (Iterator<? extends Map.Entry<?, ?>> it = m.entrySet().iterator(); it.hasNext(); ) {
            Map.Entry<?, ?> e = it.next();
            quote(String.valueOf(e.getKey()), out);
            out.append(':');
            write(e.getValue(), out);
            out.append(it.hasNext() ? "," : "");
        }
        out.append('}');
    }

    private static void quote(String s, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 || lone(s, i)) {
                        String hex = Integer.toHexString(c);
                        out.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean lone(String s, int i) {
        char c = s.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == s.length() || !Character.isLowSurrogate(s.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(s.charAt(i - 1)));
    }
}
