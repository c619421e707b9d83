package dev.cutaway.text.split;

import dev.cutaway.tensor.BadInputException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Patterns written for Oniguruma (the engine of Hugging Face tokenizers), made into {@link java.util.regex} ones, and run
 * with a limit: a pattern that backtracks without end or too deep ends with an error and not with a hang or a crash.
 */
public final class Regex implements Matcher {
    private static final int LONGEST_PATTERN = 20_000;
    private static final long STEPS = 100_000_000L;
    private static final long STEPS_PER_CHARACTER = 1_000L;

    private final String source;
    private final String where;
    private volatile @Nullable Pattern pattern; // of a pattern known to be right, compiled when it is first used

    private Regex(String source, @Nullable Pattern pattern, String where) {
        this.source = source;
        this.pattern = pattern;
        this.where = where;
    }

    /**
     * Compiles a pattern.
     *
     * @param where the file and field, for messages
     * @throws BadInputException if it does not compile
     */
    public static Regex of(String source, String where) {
        if (source.length() > LONGEST_PATTERN) {
            throw new BadInputException(where + ": a pattern of " + source.length() + " characters; at most "
                    + LONGEST_PATTERN + " are accepted, the file is damaged");
        }
        try {
            return new Regex(source, compile(source), where);
        } catch (PatternSyntaxException | StackOverflowError e) {
            String why =
                    e instanceof PatternSyntaxException p ? p.getDescription() + " at " + p.getIndex() : "too deep";
            throw new BadInputException(
                    where + ": pattern \"" + shown(source) + "\" does not compile (" + why
                            + "); correct it or get the file again",
                    e);
        }
    }

    private static Pattern compile(String source) {
        int flags = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;
        return Pattern.compile(translate(source), flags);
    }

    /** A pattern that finds {@code text} itself. */
    public static Matcher literal(String text, String where) {
        return text.isEmpty() ? new Regex(text, Pattern.compile(""), where) : new Literal(text);
    }

    private static String shown(String source) {
        return source.length() <= 60 ? source : source.substring(0, 60) + "...";
    }

    /** The matcher for a pattern: a hand-written one where there is one. */
    public static Matcher best(String source, String where) {
        return KnownPattern.of(source).<Matcher>map(k -> k).orElseGet(() -> of(source, where));
    }

    /** The matcher for a pattern that is known to compile; it does so when it is first used, which may be never. */
    public static Matcher known(String source, String where) {
        return KnownPattern.of(source).<Matcher>map(k -> k).orElseGet(() -> new Regex(source, null, where));
    }

    @Override
    public void find(String text, int from, int to, Matches out) {
        Pattern compiled = pattern;
        if (compiled == null) {
            compiled = compile(source);
            pattern = compiled;
        }
        java.util.regex.Matcher m = compiled.matcher(new Counted(text, from, to));
        try {
            while (m.find()) {
                out.match(from + m.start(), from + m.end());
            }
        } catch (StackOverflowError e) {
            throw new BadInputException(
                    where + ": pattern \"" + shown(source) + "\" goes too deep on a text of " + (to - from)
                            + " characters; shorten the text or correct the pattern",
                    e);
        }
    }

    @Override
    public String describe() {
        return source;
    }

    /** The text between two positions, which counts how often it is looked at. */
    private final class Counted implements CharSequence {
        private final String text;
        private final int from;
        private final int to;
        private long left;

        Counted(String text, int from, int to) {
            this.text = text;
            this.from = from;
            this.to = to;
            this.left = STEPS + STEPS_PER_CHARACTER * (to - from);
        }

        @Override
        public int length() {
            return to - from;
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw new BadInputException(where + ": pattern \"" + shown(source)
                        + "\" backtracks without end on a text of " + (to - from)
                        + " characters; shorten the text or correct the pattern");
            }
            return text.charAt(from + index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(from + start, from + end);
        }

        @Override
        public String toString() {
            return text.substring(from, to);
        }
    }

    /** Rewrites what Oniguruma's Ruby syntax spells differently. */
    static String translate(String source) {
        StringBuilder out = new StringBuilder(source.length() + 16);
        int depth = 0; // of character classes
        for (int i = 0; i < source.length(); i++) {
            char c = source.charAt(i);
            if (c == '\\' && i + 1 < source.length()) {
                i = escape(source, i, depth, out);
            } else if (c == '[' && depth > 0 && source.startsWith("[:", i) && source.indexOf(":]", i) > 0) {
                int close = source.indexOf(":]", i);
                out.append(posix(source.substring(i + 2, close)));
                i = close + 1;
            } else {
                depth += c == '[' ? 1 : c == ']' && depth > 0 ? -1 : 0;
                out.append(c);
                i = afterOpening(source, i, c, out);
            }
        }
        return out.toString();
    }

    /** A {@code ]} right after {@code [} or {@code [^} is a letter of the class. */
    private static int afterOpening(String source, int i, char c, StringBuilder out) {
        if (c != '[') {
            return i;
        }
        int at = i;
        if (at + 1 < source.length() && source.charAt(at + 1) == '^') {
            out.append('^');
            at++;
        }
        if (at + 1 < source.length() && source.charAt(at + 1) == ']') {
            out.append("\\]");
            at++;
        }
        return at;
    }

    private static int escape(String source, int i, int depth, StringBuilder out) {
        char c = source.charAt(i + 1);
        if (c == 'w' || c == 'W') {
            out.append(word(c == 'W', depth));
            return i + 1;
        }
        if (c == 'h' || c == 'H') {
            boolean not = c == 'H';
            out.append(depth > 0 && !not ? "0-9a-fA-F" : not ? "[^0-9a-fA-F]" : "[0-9a-fA-F]");
            return i + 1;
        }
        if ((c == 'p' || c == 'P') && i + 2 < source.length() && source.charAt(i + 2) == '{') {
            int close = source.indexOf('}', i);
            if (close > 0 && source.substring(i + 3, close).equalsIgnoreCase("word")) {
                out.append(word(c == 'P', depth));
                return close;
            }
            if (close > 0) {
                out.append(property(source.substring(i + 3, close), c == 'P'));
                return close;
            }
        }
        out.append('\\').append(c);
        return i + 1;
    }

    /** Oniguruma leaves out two joiners that are of words for Java, and outside of classes it counts six numbers in. */
    private static String word(boolean not, int depth) {
        String letters = "[\\w&&[^\\x{200C}\\x{200D}]]";
        String numbers = depth > 0 ? "" : "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";
        return (not ? "[^" : "[") + letters + numbers + "]";
    }

    private static String property(String given, boolean negated) {
        boolean not = negated;
        String name = given;
        if (name.startsWith("^")) {
            not = !not;
            name = name.substring(1);
        }
        String start = not ? "\\P{" : "\\p{";
        for (String candidate : new String[] {name, "Is" + name}) {
            try {
                Pattern.compile("\\p{" + candidate + "}");
                return start + candidate + "}";
            } catch (PatternSyntaxException e) {
                // Not one of Java's names; the next spelling may be.
            }
        }
        return start + given + "}";
    }

    private static String posix(String given) {
        boolean not = given.startsWith("^");
        String inner = switch (not ? given.substring(1) : given) {
            case "alpha" -> "\\p{IsAlphabetic}";
            case "digit" -> "\\p{Nd}";
            case "alnum" -> "\\p{IsAlphabetic}\\p{Nd}";
            case "upper" -> "\\p{IsUppercase}";
            case "lower" -> "\\p{IsLowercase}";
            case "space" -> "\\s";
            case "blank" -> "\\p{Zs}\\t";
            case "cntrl" -> "\\p{Cc}";
            case "punct" -> "\\p{P}\\p{S}";
            case "xdigit" -> "0-9a-fA-F";
            case "word" -> "\\w&&[^\\x{200C}\\x{200D}]";
            case "graph" -> "\\p{Graph}";
            case "print" -> "\\p{Print}";
            case "ascii" -> "\\x00-\\x7F";
            default -> "[:" + given + ":]";
        };
        return (not ? "[^" : "[") + inner + "]";
    }
}
