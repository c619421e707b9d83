package dev.cutaway.text.template;

import java.util.Map;

/** How Python prints values and what it takes for white space, lengths and slices of text. */
final class PythonText {
    private PythonText() {}

    static boolean isSpace(int c) {
        return (c >= 0x09 && c <= 0x0d)
                || (c >= 0x1c && c <= 0x20)
                || c == 0x85
                || c == 0xa0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000;
    }

    static boolean isSpace(String text) {
        return !text.isEmpty() && text.chars().allMatch(PythonText::isSpace);
    }

    static boolean isLineEnd(int c) {
        return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    static String stripStart(String text) {
        int from = 0;
        while (from < text.length() && isSpace(text.charAt(from))) {
            from++;
        }
        return text.substring(from);
    }

    static String stripEnd(String text) {
        int to = text.length();
        while (to > 0 && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(0, to);
    }

    /** Length in code points, Python's unit. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** {@code str(value)}. */
    static String text(Budget budget, Value value) {
        return switch (value) {
            case Value.Str s -> s.value();
            case Value.Undefined u -> "";
            case Value.Int i -> Long.toString(i.value());
            case Value.Bool b -> b.value() ? "True" : "False";
            case Value.None n -> "None";
            case Value.Real r -> real(r.value());
            default -> {
                StringBuilder out = new StringBuilder();
                represent(budget, value, out);
                yield out.toString();
            }
        };
    }

    /** {@code repr(value)}. */
    static String represent(Budget budget, Value value) {
        StringBuilder out = new StringBuilder();
        represent(budget, value, out);
        return out.toString();
    }

    private static void represent(Budget budget, Value value, StringBuilder out) {
        int before = out.length();
        budget.step();
        switch (value) {
            case Value.Str s -> quote(s.value(), out);
            case Value.Seq s -> sequence(budget, s, out);
            case Value.Dict d -> mapping(budget, d, out);
            case Value.Undefined u -> out.append("Undefined");
            case Value.Callable c -> out.append(c.macro() ? "<Macro '" + c.name() + "'>" : "<" + c.name() + ">");
            case Value.Namespace n -> out.append("<Namespace>");
            case Value.Loop l ->
                out.append("<LoopContext ")
                        .append(l.index0 + 1)
                        .append('/')
                        .append(l.items.size())
                        .append('>');
            case Value.Int i -> out.append(i.value());
            case Value.Real r -> out.append(real(r.value()));
            case Value.Bool b -> out.append(b.value() ? "True" : "False");
            case Value.None n -> out.append("None");
        }
        budget.text(out.length() - before);
    }

    private static void sequence(Budget budget, Value.Seq seq, StringBuilder out) {
        switch (seq.kind()) {
            case GENERATOR -> throw new TemplateFailure("a generator cannot be printed; add |list or |join");
            case RANGE -> throw new TemplateFailure("a range cannot be printed; add |list or |join");
            default -> {}
        }
        boolean tuple = seq.kind() == Value.Kind.TUPLE;
        boolean view = !tuple && seq.kind() != Value.Kind.LIST;
        out.append(view ? seq.kind().type + "([" : tuple ? "(" : "[");
        budget.enter();
        String comma = "";
        for (Value item : seq.items()) {
            out.append(comma);
            represent(budget, item, out);
            comma = ", ";
        }
        budget.leave();
        out.append(view ? "])" : tuple ? (seq.items().size() == 1 ? ",)" : ")") : "]");
    }

    private static void mapping(Budget budget, Value.Dict dict, StringBuilder out) {
        out.append('{');
        budget.enter();
        String comma = "";
        for (Map.Entry<Value, Value> entry : dict.entries()) {
            out.append(comma);
            represent(budget, entry.getKey(), out);
            out.append(": ");
            represent(budget, entry.getValue(), out);
            comma = ", ";
        }
        budget.leave();
        out.append('}');
    }

    private static void quote(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (printable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                    }
                }
            }
        });
        out.append(quote);
    }

    static boolean printable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }

    /** {@code repr} of a float: the shortest digits that read back as it, exponent from 1e16 and below 1e-4. */
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String java = shortest(Math.abs(value));
        int e = java.indexOf('E');
        String mantissa = e < 0 ? java : java.substring(0, e);
        int exponent = e < 0 ? 0 : Integer.parseInt(java.substring(e + 1));
        int point = mantissa.indexOf('.');
        String whole = mantissa.substring(0, point);
        String fraction = mantissa.substring(point + 1);
        String digits = (whole + fraction).replaceFirst("0+$", "");
        int leading = digits.length() - digits.replaceFirst("^0+", "").length();
        digits = digits.substring(leading);
        int power = exponent + whole.length() - 1 - leading;
        String sign = 1 / value < 0 || value < 0 ? "-" : "";
        return sign + (digits.isEmpty() ? "0.0" : layout(digits, power));
    }

    /** Java prints two digits at least; where one reads back as the same number, Python prints one. */
    private static String shortest(double value) {
        String two = Double.toString(value);
        if (two.length() > 4 && two.charAt(1) == '.' && two.charAt(3) == 'E') {
            String one = (two.charAt(0) + (two.charAt(2) >= '5' ? 1 : 0) - '0') + ".0" + two.substring(3);
            return Double.parseDouble(one) == value ? one : two;
        }
        return two;
    }

    /** @param power the exponent of the first digit */
    private static String layout(String digits, int power) {
        if (power < -4 || power >= 16) {
            String rest = digits.length() > 1 ? "." + digits.substring(1) : "";
            int size = Math.abs(power);
            return digits.charAt(0) + rest + "e" + (power < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
        }
        if (power < 0) {
            return "0." + "0".repeat(-power - 1) + digits;
        }
        if (digits.length() <= power + 1) {
            return digits + "0".repeat(power + 1 - digits.length()) + ".0";
        }
        return digits.substring(0, power + 1) + "." + digits.substring(power + 1);
    }
}
