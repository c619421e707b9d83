package dev.cutaway.text.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code %} formatting of text: flags, width, precision, and d i u s r x X o f F e g c %. */
final class PercentFormat {
    private static final Pattern DIRECTIVE =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ #0]*)(\\d{1,9}|\\*)?(?:\\.(\\d{1,3}))?[hlL]?(.)", Pattern.DOTALL);

    private PercentFormat() {}

    static String format(Budget budget, String pattern, Value values) {
        List<Value> positional =
                values instanceof Value.Seq(Value.Kind kind, List<Value> items) && kind == Value.Kind.TUPLE
                        ? items
                        : List.of(values);
        StringBuilder out = new StringBuilder();
        int used = 0;
        int at = 0;
        Matcher m = DIRECTIVE.matcher(pattern);
        while (true) {
            int percent = pattern.indexOf('%', at);
            if (percent < 0) {
                break;
            }
            out.append(pattern, at, percent);
            if (!m.region(percent, pattern.length()).lookingAt()) {
                throw new TemplateFailure("incomplete format");
            }
            at = m.end();
            if (m.group(5).equals("%")) {
                out.append('%');
                continue;
            }
            Value value;
            if (m.group(1) != null) {
                value = named(values, m.group(1));
            } else if (used < positional.size()) {
                value = positional.get(used++);
            } else {
                throw new TemplateFailure("not enough values for the format");
            }
            directive(budget, m, value, out);
        }
        if (used < positional.size() && !(values instanceof Value.Dict)) {
            throw new TemplateFailure("not all values were used by the format");
        }
        budget.text(out.length());
        return out.append(pattern, at, pattern.length()).toString();
    }

    private static Value named(Value values, String name) {
        Value value = values instanceof Value.Dict dict ? dict.get(name) : null;
        if (value == null) {
            throw new TemplateFailure("the format needs a value named '" + name + "'");
        }
        return value;
    }

    private static void directive(Budget budget, Matcher m, Value value, StringBuilder out) {
        String flags = m.group(2);
        int width = m.group(3) == null ? 0 : number(m.group(3));
        int precision = m.group(4) == null ? -1 : number(m.group(4));
        budget.text(width + Math.max(0L, precision));
        char kind = m.group(5).charAt(0);
        String body = switch (kind) {
            case 's' -> cut(PythonText.text(budget, value), precision);
            case 'r', 'a' -> cut(PythonText.represent(budget, value), precision);
            case 'c' -> PythonText.text(budget, value);
            case 'd', 'i', 'u' -> signed(Long.toString(whole(value)), flags);
            case 'x' -> signed(Long.toString(whole(value), 16), flags);
            case 'X' -> signed(Long.toString(whole(value), 16).toUpperCase(java.util.Locale.ROOT), flags);
            case 'o' -> signed(Long.toString(whole(value), 8), flags);
            case 'f', 'F' -> signed(Numbers.fixed(Compare.real(value), precision < 0 ? 6 : precision), flags);
            case 'e' -> signed(Numbers.exponent(Compare.real(value), precision < 0 ? 6 : precision), flags);
            case 'g' -> signed(Numbers.general(Compare.real(value), precision < 0 ? 6 : precision), flags);
            default -> throw new TemplateFailure("unsupported format character '" + kind + "'");
        };
        boolean numeric = "srac".indexOf(kind) < 0;
        pad(body, flags, width, numeric, out);
    }

    private static int number(String digits) {
        if (digits.equals("*")) {
            throw new TemplateFailure("'*' in a format is not supported");
        }
        return Integer.parseInt(digits);
    }

    private static void pad(String body, String flags, int width, boolean numeric, StringBuilder out) {
        int missing = width - PythonText.length(body);
        if (missing <= 0) {
            out.append(body);
        } else if (flags.indexOf('-') >= 0) {
            out.append(body).repeat(" ", missing);
        } else if (numeric && flags.indexOf('0') >= 0) {
            int sign = !body.isEmpty() && "+- ".indexOf(body.charAt(0)) >= 0 ? 1 : 0;
            out.append(body, 0, sign).repeat("0", missing).append(body, sign, body.length());
        } else {
            out.repeat(" ", missing).append(body);
        }
    }

    private static String signed(String number, String flags) {
        if (number.startsWith("-")) {
            return number;
        }
        return (flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "") + number;
    }

    private static String cut(String text, int precision) {
        return precision < 0 || PythonText.length(text) <= precision
                ? text
                : text.substring(0, text.offsetByCodePoints(0, precision));
    }

    private static long whole(Value value) {
        return switch (value) {
            case Value.Real(double v) -> {
                if (Math.abs(v) >= 9e18 || Double.isNaN(v)) {
                    throw new TemplateFailure("the number " + PythonText.real(v) + " does not fit 64 bits");
                }
                yield new BigDecimal(v).setScale(0, RoundingMode.DOWN).longValue();
            }
            default -> Arithmetic.integer(value);
        };
    }
}
