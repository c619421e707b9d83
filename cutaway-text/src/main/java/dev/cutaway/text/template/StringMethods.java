package dev.cutaway.text.template;

import dev.cutaway.text.template.Value.Bool;
import dev.cutaway.text.template.Value.Int;
import dev.cutaway.text.template.Value.Seq;
import dev.cutaway.text.template.Value.Str;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/** The methods of Python's str. Positions count code points. */
final class StringMethods {
    static final Set<String> NAMES = Set.of(
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "expandtabs",
            "find",
            "format",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isprintable",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill");

    private StringMethods() {}

    static Value call(String text, String name, Args args) {
        args.budget().text(text.length());
        return switch (name) {
            case "strip" -> new Str(Strings.strip(text, args.optionalText(0, "chars"), true, true));
            case "lstrip" -> new Str(Strings.strip(text, args.optionalText(0, "chars"), true, false));
            case "rstrip" -> new Str(Strings.strip(text, args.optionalText(0, "chars"), false, true));
            case "split" -> strings(Strings.split(text, args.optionalText(0, "sep"), args.integer(1, "maxsplit", -1)));
            case "rsplit" ->
                strings(Strings.splitBack(text, args.optionalText(0, "sep"), args.integer(1, "maxsplit", -1)));
            case "splitlines" -> strings(Strings.lines(text, args.flag(0, "keepends", false)));
            case "startswith" -> Bool.of(edge(text, args, true));
            case "endswith" -> Bool.of(edge(text, args, false));
            case "removeprefix" -> {
                String prefix = args.text(0, "prefix");
                yield new Str(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
            }
            case "removesuffix" -> {
                String suffix = args.text(0, "suffix");
                yield new Str(text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text);
            }
            case "replace" ->
                new Str(Strings.replace(
                        args.budget(), text, args.text(0, "old"), args.text(1, "new"), args.integer(2, "count", -1)));
            case "join" -> new Str(join(text, args));
            case "format" -> new Str(BraceFormat.format(text, args));
            case "partition" -> partition(text, args.text(0, "sep"), true);
            case "rpartition" -> partition(text, args.text(0, "sep"), false);
            case "find", "index", "rfind", "rindex" -> new Int(find(text, name, args));
            case "count" -> new Int(count(args.budget(), text, args.text(0, "sub")));
            case "upper", "lower", "capitalize", "title", "swapcase", "casefold" -> new Str(cased(text, name));
            case "center", "ljust", "rjust", "zfill" -> new Str(padded(text, name, args));
            case "expandtabs" -> new Str(expandTabs(text, args));
            default -> Bool.of(is(text, name));
        };
    }

    private static Value strings(List<String> parts) {
        return Seq.list(parts.stream().map(p -> (Value) new Str(p)).toList());
    }

    private static boolean edge(String text, Args args, boolean start) {
        List<Value> wanted = args.get(0, "affix") instanceof Seq(Value.Kind kind, List<Value> items)
                ? items
                : List.of(args.get(0, "affix"));
        Value from = args.find(1, "start");
        String part = text;
        if (from != null || args.find(2, "end") != null) {
            Long to = args.find(2, "end") == null ? null : args.integer(2, "end");
            part = ((Str) Methods.slice(args.budget(), new Str(text), args.integer(1, "start", 0), to, null)).value();
        }
        for (Value each : wanted) {
            if (!(each instanceof Str(String affix))) {
                throw new TemplateFailure("startswith and endswith need strings, not " + each.type());
            }
            if (start ? part.startsWith(affix) : part.endsWith(affix)) {
                return true;
            }
        }
        return false;
    }

    private static String join(String separator, Args args) {
        List<Value> items = Methods.items(args.budget(), args.get(0, "iterable"));
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < items.size(); i++) {
            if (!(items.get(i) instanceof Str(String part))) {
                throw new TemplateFailure(
                        "join(): item " + i + " is of type " + items.get(i).type() + ", not a string");
            }
            args.budget().text((long) separator.length() + part.length());
            out.append(i > 0 ? separator : "").append(part);
        }
        return out.toString();
    }

    private static Value partition(String text, String separator, boolean first) {
        if (separator.isEmpty()) {
            throw new TemplateFailure("an empty separator");
        }
        int at = first ? text.indexOf(separator) : text.lastIndexOf(separator);
        if (at < 0) {
            return first
                    ? Seq.tuple(new Str(text), Str.EMPTY, Str.EMPTY)
                    : Seq.tuple(Str.EMPTY, Str.EMPTY, new Str(text));
        }
        return Seq.tuple(
                new Str(text.substring(0, at)), new Str(separator), new Str(text.substring(at + separator.length())));
    }

    private static long find(String text, String name, Args args) {
        String part = args.text(0, "sub");
        int[] range = Slices.indices(
                PythonText.length(text),
                args.find(1, "start") == null ? null : Long.valueOf(args.integer(1, "start")),
                args.find(2, "end") == null ? null : Long.valueOf(args.integer(2, "end")),
                null);
        int from = range.length == 0 ? 0 : text.offsetByCodePoints(0, range[0]);
        int to = range.length == 0 ? 0 : text.offsetByCodePoints(0, range[range.length - 1] + 1);
        String within = text.substring(from, to);
        int at = name.startsWith("r") ? within.lastIndexOf(part) : within.indexOf(part);
        if (at < 0 && name.endsWith("index")) {
            throw new TemplateFailure(name + "(): the substring is not there");
        }
        return at < 0 ? -1 : text.codePointCount(0, from + at);
    }

    private static long count(Budget budget, String text, String part) {
        if (part.isEmpty()) {
            return PythonText.length(text) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
            budget.step();
        }
        return count;
    }

    private static String cased(String text, String name) {
        return switch (name) {
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "casefold" -> text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
            case "capitalize" -> Strings.capitalize(text);
            case "title" -> Strings.title(text);
            default -> {
                StringBuilder out = new StringBuilder();
                text.codePoints()
                        .mapToObj(Character::toString)
                        .map(c -> c.equals(c.toLowerCase(Locale.ROOT))
                                ? c.toUpperCase(Locale.ROOT)
                                : c.toLowerCase(Locale.ROOT))
                        .forEach(out::append);
                yield out.toString();
            }
        };
    }

    private static String padded(String text, String name, Args args) {
        long width = args.integer(0, "width");
        String fill = name.equals("zfill") ? "0" : args.text(1, "fillchar", " ");
        if (PythonText.length(fill) != 1) {
            throw new TemplateFailure(name + "(): the fill must be one character");
        }
        long missing = width - PythonText.length(text);
        if (missing <= 0) {
            return text;
        }
        args.budget().text(missing);
        int n = (int) missing;
        return switch (name) {
            case "ljust" -> text + fill.repeat(n);
            case "rjust" -> fill.repeat(n) + text;
            case "zfill" -> {
                int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
                yield text.substring(0, sign) + fill.repeat(n) + text.substring(sign);
            }
            default -> {
                int left = n / 2 + (int) (n & width & 1);
                yield fill.repeat(left) + text + fill.repeat(n - left);
            }
        };
    }

    private static String expandTabs(String text, Args args) {
        long size = args.integer(0, "tabsize", 8);
        StringBuilder out = new StringBuilder();
        long column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                long n = size <= 0 ? 0 : size - column % size;
                args.budget().text(n);
                out.repeat(" ", (int) n);
                column += n;
            } else {
                out.append(c);
                column = c == '\n' || c == '\r' ? 0 : column + (Character.isLowSurrogate(c) ? 0 : 1);
            }
        }
        return out.toString();
    }

    static boolean is(String text, String name) {
        return switch (name) {
            case "isascii" -> text.chars().allMatch(c -> c < 0x80);
            case "isprintable" -> text.codePoints().allMatch(PythonText::printable);
            case "isspace" -> PythonText.isSpace(text);
            case "isalpha" -> all(text, Character::isLetter);
            case "isalnum" -> all(text, c -> Character.isLetter(c) || numeric(c));
            case "isdecimal" -> all(text, c -> Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER);
            case "isdigit" -> all(text, c -> Character.isDigit(c) || "¹²³⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉".indexOf(c) >= 0);
            case "isnumeric" -> all(text, StringMethods::numeric);
            case "isidentifier" ->
                !text.isEmpty()
                        && (text.codePointAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                        && text.codePoints().allMatch(c -> c == '_' || Character.isUnicodeIdentifierPart(c));
            case "islower" ->
                text.codePoints().anyMatch(Character::isLowerCase)
                        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
            case "isupper" ->
                text.codePoints().anyMatch(Character::isUpperCase)
                        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
            case "istitle" -> text.codePoints().anyMatch(Character::isUpperCase) && text.equals(Strings.title(text));
            default -> throw new IllegalStateException(name);
        };
    }

    private static boolean numeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    private static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }
}
