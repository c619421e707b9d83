package dev.cutaway.text.template;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code str.format}: fields by place or name with items and attributes, and the usual format specifications. */
final class BraceFormat {
    private static final Pattern SPECIFICATION = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,3}))?([a-zA-Z%])?", Pattern.DOTALL);
    private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");

    private final Args args;
    private int next;

    private BraceFormat(Args args) {
        this.args = args;
    }

    static String format(String pattern, Args args) {
        return new BraceFormat(args).run(pattern);
    }

    private String run(String pattern) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            boolean doubled = i + 1 < pattern.length() && pattern.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i++;
            } else if (c == '{') {
                int end = pattern.indexOf('}', i);
                if (end < 0) {
                    throw new TemplateFailure("a '{' in a format is never closed");
                }
                out.append(field(pattern.substring(i + 1, end)));
                i = end;
            } else if (c == '}') {
                throw new TemplateFailure("a single '}' in a format");
            } else {
                out.append(c);
            }
        }
        args.budget().text(out.length());
        return out.toString();
    }

    private String field(String field) {
        int colon = field.indexOf(':');
        String specification = colon < 0 ? "" : field.substring(colon + 1);
        String name = colon < 0 ? field : field.substring(0, colon);
        boolean quoted = name.endsWith("!r");
        if (quoted || name.endsWith("!s")) {
            name = name.substring(0, name.length() - 2);
        }
        Value value = value(name);
        if (quoted) {
            value = new Value.Str(PythonText.represent(args.budget(), value));
        }
        return specified(value, specification);
    }

    private Value value(String name) {
        int split = 0;
        while (split < name.length() && name.charAt(split) != '.' && name.charAt(split) != '[') {
            split++;
        }
        String first = name.substring(0, split);
        Value value = first.isEmpty()
                ? args.find(next++, "")
                : first.chars().allMatch(c -> c >= '0' && c <= '9') && first.length() < 9
                        ? args.find(Integer.parseInt(first), "")
                        : args.find(-1, first);
        if (value == null) {
            throw new TemplateFailure("the format needs a value '" + first + "' that was not given");
        }
        Matcher step = STEP.matcher(name).region(split, name.length());
        while (step.lookingAt()) {
            value = step(value, step.group(1), step.group(2));
            step.region(step.end(), name.length());
        }
        return value;
    }

    private static Value step(Value value, @Nullable String attribute, @Nullable String item) {
        if (attribute != null) {
            return Evaluator.attribute(value, attribute);
        }
        String key = item == null ? "" : item;
        boolean index = key.length() < 9 && key.chars().allMatch(c -> c >= '0' && c <= '9');
        Value found = Methods.item(value, index ? new Value.Int(Long.parseLong(key)) : new Value.Str(key));
        return found != null ? found : Value.Undefined.of("'" + key + "' is not there");
    }

    private String specified(Value value, String specification) {
        if (specification.isEmpty()) {
            return PythonText.text(args.budget(), value);
        }
        Matcher m = SPECIFICATION.matcher(specification);
        if (!m.matches()) {
            throw new TemplateFailure("unsupported format specification '" + specification + "'");
        }
        int width = m.group(6) == null ? 0 : Integer.parseInt(m.group(6));
        args.budget().text(width);
        boolean text = value instanceof Value.Str;
        String body = text ? cut(((Value.Str) value).value(), m.group(8)) : number(value, m);
        String fill = m.group(1) != null ? m.group(1) : m.group(5) != null ? "0" : " ";
        String align = m.group(2) != null ? m.group(2) : text ? "<" : m.group(5) != null ? "=" : ">";
        return align(body, fill, align, width - PythonText.length(body));
    }

    private static String cut(String text, @Nullable String precision) {
        int n = precision == null ? Integer.MAX_VALUE : Integer.parseInt(precision);
        return PythonText.length(text) <= n ? text : text.substring(0, text.offsetByCodePoints(0, n));
    }

    private static String align(String body, String fill, String align, int missing) {
        if (missing <= 0) {
            return body;
        }
        return switch (align) {
            case "<" -> body + fill.repeat(missing);
            case "^" -> fill.repeat(missing / 2) + body + fill.repeat(missing - missing / 2);
            case "=" -> {
                int sign = !body.isEmpty() && "+- ".indexOf(body.charAt(0)) >= 0 ? 1 : 0;
                yield body.substring(0, sign) + fill.repeat(missing) + body.substring(sign);
            }
            default -> fill.repeat(missing) + body;
        };
    }

    private static String number(Value value, Matcher m) {
        String kind = m.group(9) == null ? "" : m.group(9);
        int precision = m.group(8) == null ? -1 : Integer.parseInt(m.group(8));
        boolean whole = value instanceof Value.Int || value instanceof Value.Bool;
        String digits = switch (kind) {
            case "d", "n" -> Long.toString(Arithmetic.integer(value));
            case "x" -> Long.toString(Arithmetic.integer(value), 16);
            case "X" -> Long.toString(Arithmetic.integer(value), 16).toUpperCase(Locale.ROOT);
            case "o" -> Long.toString(Arithmetic.integer(value), 8);
            case "b" -> Long.toString(Arithmetic.integer(value), 2);
            case "c" -> Character.toString((int) Arithmetic.integer(value));
            case "f", "F" -> Numbers.fixed(Compare.real(value), precision < 0 ? 6 : precision);
            case "e" -> Numbers.exponent(Compare.real(value), precision < 0 ? 6 : precision);
            case "g" -> Numbers.general(Compare.real(value), precision < 0 ? 6 : precision);
            case "%" -> Numbers.fixed(Compare.real(value) * 100, precision < 0 ? 6 : precision) + "%";
            case "" ->
                whole
                        ? Long.toString(Arithmetic.integer(value))
                        : precision < 0
                                ? PythonText.real(Compare.real(value))
                                : Numbers.general(Compare.real(value), precision);
            default -> throw new TemplateFailure("unsupported format type '" + kind + "'");
        };
        String grouped = m.group(7) == null ? digits : group(digits, m.group(7));
        String sign = m.group(3) == null || m.group(3).equals("-") || grouped.startsWith("-") ? "" : m.group(3);
        return sign + grouped;
    }

    private static String group(String digits, String separator) {
        int start = digits.startsWith("-") ? 1 : 0;
        int end = start;
        while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
            end++;
        }
        StringBuilder out = new StringBuilder(digits);
        for (int i = end - 3; i > start; i -= 3) {
            out.insert(i, separator);
        }
        return out.toString();
    }
}
