package dev.cutaway.text.split;

import java.util.Map;
import java.util.Optional;

/**
 * Hand-written matchers for the patterns that most models use: several times quicker than a regular expression, and
 * without its stack. Each equals its pattern on every string (a test holds them to it). They share one shape: every
 * character belongs to some match, so {@link #end} from the end of the last match finds the next.
 */
public enum KnownPattern implements Matcher {
    /** GPT-2. */
    GPT2("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") {
        @Override
        public int end(String s, int at, int to) {
            int quote = contraction(s, at, to, false);
            if (quote > 0) {
                return at + quote;
            }
            int from = s.charAt(at) == ' ' && at + 1 < to ? at + 1 : at;
            int kind = kind(s, from, to);
            if (kind == CharClass.SPACE) {
                return spaces(s, at, to);
            }
            return run(s, from, to, kind);
        }
    },
    /** Llama 3, and with other white space cl100k. */
    LLAMA3(modern("\\p{N}{1,3}")) {
        @Override
        public int end(String s, int at, int to) {
            return modernEnd(s, at, to, 3);
        }
    },
    /** Qwen 2 and 3. */
    QWEN2(modern("\\p{N}")) {
        @Override
        public int end(String s, int at, int to) {
            return modernEnd(s, at, to, 1);
        }
    };

    private static String modern(String digits) {
        return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    private static final Map<String, KnownPattern> BY_PATTERN =
            Map.of(GPT2.pattern, GPT2, LLAMA3.pattern, LLAMA3, QWEN2.pattern, QWEN2);

    private final String pattern;

    KnownPattern(String pattern) {
        this.pattern = pattern;
    }

    /** The matcher for a pattern as it is written in {@code tokenizer.json}, if there is one. */
    public static Optional<KnownPattern> of(String pattern) {
        return Optional.ofNullable(BY_PATTERN.get(pattern));
    }

    /** The end of the match that begins at {@code at}; {@code at < to}. */
    public abstract int end(String s, int at, int to);

    @Override
    public void find(String text, int from, int to, Matches out) {
        for (int at = from; at < to; ) {
            int end = end(text, at, to);
            out.match(at, end);
            at = end;
        }
    }

    @Override
    public String describe() {
        return pattern;
    }

    private static int kind(String s, int at, int to) {
        char c = s.charAt(at);
        if (Character.isHighSurrogate(c) && at + 1 < to) {
            int kind = CharClass.of(s.codePointAt(at));
            return kind == CharClass.MARK ? CharClass.OTHER : kind;
        }
        int kind = CharClass.of(c);
        return kind == CharClass.MARK ? CharClass.OTHER : kind;
    }

    private static int width(String s, int at, int to) {
        return Character.isHighSurrogate(s.charAt(at)) && at + 1 < to && Character.isLowSurrogate(s.charAt(at + 1))
                ? 2
                : 1;
    }

    /** The end of the run of one class that begins at {@code at}. */
    private static int run(String s, int at, int to, int kind) {
        int end = at;
        while (end < to && kind(s, end, to) == kind) {
            end += width(s, end, to);
        }
        return end;
    }

    /** {@code \s+(?!\S)|\s+}: all white space, less one if something follows and more than one is there. */
    private static int spaces(String s, int at, int to) {
        int end = run(s, at, to, CharClass.SPACE);
        return end < to && end - at > 1 ? end - 1 : end;
    }

    /** Length of {@code 's 't 're 've 'm 'll 'd} at {@code at}, or 0. */
    private static int contraction(String s, int at, int to, boolean anyCase) {
        if (s.charAt(at) != '\'' || at + 1 >= to) {
            return 0;
        }
        char a = fold(s.charAt(at + 1), anyCase);
        if (a == 's' || a == 't' || a == 'm' || a == 'd') {
            return 2;
        }
        if (at + 2 >= to) {
            return 0;
        }
        char b = fold(s.charAt(at + 2), anyCase);
        return ((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
    }

    private static char fold(char c, boolean anyCase) {
        if (!anyCase) {
            return c;
        }
        // U+017F, the long s, is the one letter beyond ASCII that these seven are equal to in any case.
        return c == '\u017F' ? 's' : c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    private static int modernEnd(String s, int at, int to, int digits) {
        int quote = contraction(s, at, to, true);
        if (quote > 0) {
            return at + quote;
        }
        char c = s.charAt(at);
        int kind = kind(s, at, to);
        if (kind == CharClass.LETTER) {
            return run(s, at, to, kind);
        }
        if (kind == CharClass.NUMBER) {
            int end = at;
            for (int i = 0; i < digits && end < to && kind(s, end, to) == CharClass.NUMBER; i++) {
                end += width(s, end, to);
            }
            return end;
        }
        int after = at + width(s, at, to);
        boolean breaks = c == '\r' || c == '\n';
        if (!breaks && after < to && kind(s, after, to) == CharClass.LETTER) {
            return run(s, after, to, CharClass.LETTER);
        }
        int mark = c == ' ' && after < to ? after : at;
        if (kind(s, mark, to) == CharClass.OTHER) {
            int end = run(s, mark, to, CharClass.OTHER);
            while (end < to && (s.charAt(end) == '\r' || s.charAt(end) == '\n')) {
                end++;
            }
            return end;
        }
        return spacesByLines(s, at, to);
    }

    /** {@code \s*[\r\n]+|\s+(?!\S)|\s+}: white space up to its last line end, else as {@link #spaces}. */
    private static int spacesByLines(String s, int at, int to) {
        int end = run(s, at, to, CharClass.SPACE);
        for (int i = end; i > at; i--) {
            char c = s.charAt(i - 1);
            if (c == '\r' || c == '\n') {
                return i;
            }
        }
        return end < to && end - at > 1 ? end - 1 : end;
    }
}
