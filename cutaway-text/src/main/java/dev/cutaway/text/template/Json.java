package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, as transformers gives it to templates: no HTML escapes, text outside ASCII as it is. */
final class Json {
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;

    @Nullable
    private final String indent;

    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    private Json(Args args) {
        budget = args.budget();
        ascii = args.flag(0, "ensure_ascii", false);
        indent = indent(args.find(1, "indent"));
        Value separators = args.get(2, "separators", Value.None.NONE);
        if (separators instanceof Value.Seq(Value.Kind kind, List<Value> items) && items.size() == 2) {
            itemSeparator = PythonText.text(budget, items.get(0));
            keySeparator = PythonText.text(budget, items.get(1));
        } else if (separators == Value.None.NONE) {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        } else {
            throw new TemplateFailure("tojson: separators must be a pair of strings");
        }
        sorted = args.flag(3, "sort_keys", false);
    }

    @Nullable
    private String indent(@Nullable Value value) {
        return switch (value) {
            case null -> null;
            case Value.None n -> null;
            case Value.Str(String text) -> text;
            case Value.Int(long n) -> {
                budget.text(n);
                yield " ".repeat((int) Math.max(0, n));
            }
            default -> throw new TemplateFailure("tojson: indent must be an integer or a string");
        };
    }

    /** The filter {@code tojson(ensure_ascii, indent, separators, sort_keys)}. */
    static String filter(Value value, Args args) {
        Json json = new Json(args);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Value value, int depth) {
        int before = out.length();
        switch (value) {
            case Value.None n -> out.append("null");
            case Value.Bool b -> out.append(b.value());
            case Value.Int i -> out.append(i.value());
            case Value.Real r -> out.append(real(r.value()));
            case Value.Str s -> quote(s.value());
            case Value.Seq s
            when s.kind() == Value.Kind.LIST || s.kind() == Value.Kind.TUPLE -> items(s.items(), depth);
            case Value.Dict d -> entries(d, depth);
            default -> throw new TemplateFailure("a value of type " + value.type() + " cannot be written as JSON");
        }
        budget.text(out.length() - before);
    }

    private void items(List<Value> items, int depth) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        budget.enter();
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            out.append(i > 0 ? itemSeparator : "");
            line(depth + 1);
            write(items.get(i), depth + 1);
        }
        line(depth);
        out.append(']');
        budget.leave();
    }

    private void entries(Value.Dict dict, int depth) {
        if (dict.size() == 0) {
            out.append("{}");
            return;
        }
        budget.enter();
        out.append('{');
        List<Map.Entry<Value, Value>> entries = new ArrayList<>();
        dict.entries().forEach(entries::add);
        if (sorted) {
            entries.sort((a, b) -> Compare.order(budget, a.getKey(), b.getKey()));
        }
        String separator = "";
        for (Map.Entry<Value, Value> entry : entries) {
            out.append(separator);
            line(depth + 1);
            quote(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), depth + 1);
            separator = itemSeparator;
        }
        line(depth);
        out.append('}');
        budget.leave();
    }

    private void line(int depth) {
        if (indent != null) {
            budget.text((long) indent.length() * depth + 1);
            out.append('\n').append(indent.repeat(depth));
        }
    }

    private static String key(Value key) {
        return switch (key) {
            case Value.Str s -> s.value();
            case Value.None n -> "null";
            case Value.Bool b -> b.value() ? "true" : "false";
            case Value.Int i -> Long.toString(i.value());
            case Value.Real r -> real(r.value());
            default -> throw new TemplateFailure("a key of type " + key.type() + " cannot be written as JSON");
        };
    }

    private static String real(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : PythonText.real(value);
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || (ascii && c > 0x7e)) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
