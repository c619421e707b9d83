package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Real;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Jinja's filters, but those that only make sense in HTML pages ({@code urlize}, {@code xmlattr}) or at random. */
final class Filters {
    /** What one filter does. */
    @FunctionalInterface
    interface Body {
        Value apply(Value in, Args args);
    }

    private static final Pattern WORD_START = Pattern.compile("(?<=[-\\s({\\[<])|(?=[-\\s({\\[<])");
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d+(?:_\\d+)*+");
    private static final Pattern REAL =
            Pattern.compile("[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?|[+-]?(?i:inf|infinity|nan)");
    private static final Map<String, Body> ALL = new HashMap<>();

    static {
        ALL.put("abs", (in, args) -> abs(in));
        ALL.put("capitalize", (in, args) -> new Str(Strings.capitalize(text(in, args))));
        ALL.put("center", (in, args) -> StringMethods.call(text(in, args), "center", centred(args)));
        ALL.put("default", Filters::otherwise);
        ALL.put("d", Filters::otherwise);
        ALL.put("e", (in, args) -> new Str(escape(text(in, args))));
        ALL.put("escape", (in, args) -> new Str(escape(text(in, args))));
        ALL.put("forceescape", (in, args) -> new Str(escape(text(in, args))));
        ALL.put("float", Filters::real);
        ALL.put("format", Filters::format);
        ALL.put("indent", Filters::indent);
        ALL.put("int", Filters::integer);
        ALL.put("lower", (in, args) -> new Str(text(in, args).toLowerCase(Locale.ROOT)));
        ALL.put("pprint", (in, args) -> new Str(PythonText.represent(args.budget(), in)));
        ALL.put("replace", Filters::replace);
        ALL.put("round", Filters::round);
        ALL.put("safe", (in, args) -> new Str(text(in, args)));
        ALL.put("string", (in, args) -> new Str(text(in, args)));
        ALL.put("title", (in, args) -> new Str(title(text(in, args))));
        ALL.put("tojson", (in, args) -> new Str(Json.filter(in, args)));
        ALL.put(
                "trim",
                (in, args) -> new Str(Strings.strip(text(in, args), args.optionalText(0, "chars"), true, true)));
        ALL.put("truncate", Filters::truncate);
        ALL.put("upper", (in, args) -> new Str(text(in, args).toUpperCase(Locale.ROOT)));
        ALL.put("wordcount", (in, args) -> new Int(words(text(in, args))));
        SequenceFilters.addTo(ALL);
    }

    private Filters() {}

    static boolean known(String name) {
        return ALL.containsKey(name) || SequenceFilters.CALLING.contains(name);
    }

    /** Applies a filter; an unknown one is an error here and not before, for templates that ask {@code is filter}. */
    static Value apply(String name, Value in, Args args) {
        Body body = ALL.get(name);
        if (body == null) {
            throw new TemplateFailure("unknown filter '" + name + "'");
        }
        args.budget().step();
        return body.apply(in, args);
    }

    static String text(Value in, Args args) {
        String text = PythonText.text(args.budget(), in);
        args.budget().text(text.length());
        return text;
    }

    private static Args centred(Args args) {
        return Args.of(args.budget(), new Int(args.integer(0, "width", 80)));
    }

    private static Value otherwise(Value in, Args args) {
        boolean missing = in instanceof Value.Undefined || (args.flag(1, "boolean", false) && !Compare.truth(in));
        return missing ? args.get(0, "default_value", Str.EMPTY) : in;
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace(">", "&gt;")
                .replace("<", "&lt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static Value abs(Value in) {
        return in instanceof Real(double v) ? new Real(Math.abs(v)) : Arithmetic.sign(Arithmetic.integer(in) < 0, in);
    }

    private static Value format(Value in, Args args) {
        Value values =
                args.named().isEmpty() ? new Seq(Value.Kind.TUPLE, args.positional()) : Methods.dict(args.named());
        return new Str(PercentFormat.format(args.budget(), text(in, args), values));
    }

    private static Value indent(Value in, Args args) {
        Value width = args.get(0, "width", new Int(4));
        String space;
        if (width instanceof Str(String given)) {
            space = given;
        } else {
            long n = Math.max(0, Arithmetic.integer(width));
            args.budget().text(n);
            space = " ".repeat((int) n);
        }
        boolean first = args.flag(1, "first", false);
        boolean blank = args.flag(2, "blank", false);
        List<String> lines = Strings.lines(string(in) + "\n", false);
        StringBuilder out = new StringBuilder(first ? space : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            boolean indented = i > 0 && (blank || !line.isEmpty());
            args.budget().text(line.length() + (indented ? space.length() : 0L) + 1);
            out.append(i > 0 ? "\n" : "").append(indented ? space : "").append(line);
        }
        return new Str(out.toString());
    }

    private static String string(Value in) {
        return switch (in) {
            case Str(String text) -> text;
            case Value.Undefined u -> throw new TemplateFailure(u.message());
            default -> throw new TemplateFailure("expected a string, not " + in.type());
        };
    }

    private static Value integer(Value in, Args args) {
        Value otherwise = args.get(0, "default", new Int(0));
        long base = args.integer(1, "base", 10);
        return switch (in) {
            case Str(String text) -> {
                String trimmed = Strings.strip(text, null, true, true);
                Value parsed = base == 10 ? decimal(trimmed) : based(trimmed, base);
                Value real = REAL.matcher(trimmed).matches() ? truncated(parse(trimmed), otherwise) : otherwise;
                yield parsed != null ? parsed : real;
            }
            case Real(double v) -> truncated(v, otherwise);
            case Int i -> i;
            case Value.Bool b -> new Int(b.value() ? 1 : 0);
            case Value.Undefined u -> throw new TemplateFailure(u.message());
            default -> otherwise;
        };
    }

    @Nullable
    private static Value decimal(String text) {
        if (!INTEGER.matcher(text).matches()) {
            return null;
        }
        try {
            return new Int(Long.parseLong(text.replace("_", "")));
        } catch (NumberFormatException e) {
            throw new TemplateFailure("the integer " + text + " does not fit 64 bits");
        }
    }

    @Nullable
    private static Value based(String text, long base) {
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        String digits =
                !prefix.isEmpty() && text.toLowerCase(Locale.ROOT).startsWith(prefix) ? text.substring(2) : text;
        try {
            return new Int(Long.parseLong(digits, Math.clamp(base, 2, 36)));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static Value truncated(double value, Value otherwise) {
        boolean fits = !Double.isNaN(value) && Math.abs(value) < 9e18;
        return fits ? new Int((long) value) : otherwise;
    }

    private static Value real(Value in, Args args) {
        Value otherwise = args.get(0, "default", new Real(0));
        return switch (in) {
            case Str(String text) -> {
                String trimmed = Strings.strip(text, null, true, true);
                yield REAL.matcher(trimmed).matches() ? new Real(parse(trimmed)) : otherwise;
            }
            case Value.Undefined u -> throw new TemplateFailure(u.message());
            default -> Compare.number(in) ? new Real(Compare.real(in)) : otherwise;
        };
    }

    private static double parse(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.contains("nan")) {
            return Double.NaN;
        }
        if (lower.contains("inf")) {
            return lower.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.parseDouble(text);
    }

    private static Value replace(Value in, Args args) {
        String old = PythonText.text(args.budget(), args.get(0, "old"));
        String with = PythonText.text(args.budget(), args.get(1, "new"));
        return new Str(Strings.replace(args.budget(), text(in, args), old, with, args.integer(2, "count", -1)));
    }

    private static Value round(Value in, Args args) {
        long precision = Math.clamp(args.integer(0, "precision", 0), -400, 400);
        String method = args.text(1, "method", "common");
        if (!List.of("common", "ceil", "floor").contains(method)) {
            throw new TemplateFailure("round: the method must be common, ceil or floor");
        }
        boolean whole = !(in instanceof Real);
        double value = Compare.real(in);
        if (!Double.isFinite(value) || (whole && method.equals("common") && precision >= 0)) {
            return in;
        }
        if (method.equals("common")) {
            BigDecimal rounded = (whole ? new BigDecimal(Arithmetic.integer(in)) : new BigDecimal(value))
                    .setScale((int) precision, RoundingMode.HALF_EVEN);
            return whole
                    ? new Int(rounded.longValue())
                    : new Real(Math.copySign(Math.abs(rounded.doubleValue()), value));
        }
        double scale = Math.pow(10, (double) precision);
        double scaled = value * scale;
        return new Real((method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
    }

    /** Jinja's own idea of a title: a word starts after space, hyphen or an opening bracket. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        for (String part : WORD_START.split(text, -1)) {
            if (!part.isEmpty()) {
                int end = part.offsetByCodePoints(0, 1);
                out.append(part.substring(0, end).toUpperCase(Locale.ROOT))
                        .append(part.substring(end).toLowerCase(Locale.ROOT));
            }
        }
        return out.toString();
    }

    private static Value truncate(Value in, Args args) {
        String text = string(in);
        long length = args.integer(0, "length", 255);
        String end = args.text(2, "end", "...");
        long leeway = args.integer(3, "leeway", 5);
        int size = PythonText.length(text);
        int ending = PythonText.length(end);
        if (length < ending || leeway < 0) {
            throw new TemplateFailure("truncate: length " + length + " is less than that of '" + end + "'");
        }
        if (size <= length + leeway) {
            return in;
        }
        String cut = text.substring(0, text.offsetByCodePoints(0, (int) length - ending));
        int space = args.flag(1, "killwords", false) ? -1 : cut.lastIndexOf(' ');
        return new Str((space < 0 ? cut : cut.substring(0, space)) + end);
    }

    private static long words(String text) {
        return Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS)
                .matcher(text)
                .results()
                .count();
    }
}
