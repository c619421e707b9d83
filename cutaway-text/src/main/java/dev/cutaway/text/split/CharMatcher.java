package dev.cutaway.text.split;

import java.util.function.IntPredicate;

/**
 * Matches characters of a class, each by itself, or runs of them.
 *
 * @param name for people
 * @param first characters that match
 * @param runs whether neighbours match together
 */
public record CharMatcher(String name, IntPredicate first, boolean runs) implements Matcher {
    /** White space. */
    public static final CharMatcher SPACE = new CharMatcher("white space", CharClass::isSpace, false);
    /** ASCII punctuation and Unicode's P classes. */
    public static final CharMatcher PUNCTUATION = new CharMatcher("punctuation", Properties::isPunctuation, false);
    /** Unicode's N classes. */
    public static final CharMatcher NUMERIC = new CharMatcher("digits", UnicodeDifferences::isNumeric, false);
    /** {@code \w+|[^\w\s]+}. */
    public static final Matcher WORDS = new Words();

    /** Matches one character. */
    public static CharMatcher only(int character) {
        return new CharMatcher(Character.toString(character), c -> c == character, false);
    }

    @Override
    public void find(String text, int from, int to, Matches out) {
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int end = at + Character.charCount(c);
            if (first.test(c)) {
                while (runs && end < to && first.test(text.codePointAt(end))) {
                    end += Character.charCount(text.codePointAt(end));
                }
                out.match(at, end);
            }
            at = end;
        }
    }

    @Override
    public String describe() {
        return name;
    }

    private static final class Words implements Matcher {
        private static int kind(int c) {
            return CharClass.isSpace(c) ? 0 : Properties.isWord(c) ? 1 : 2;
        }

        @Override
        public void find(String text, int from, int to, Matches out) {
            for (int at = from; at < to; ) {
                int kind = kind(text.codePointAt(at));
                int end = at;
                while (end < to && kind(text.codePointAt(end)) == kind) {
                    end += Character.charCount(text.codePointAt(end));
                }
                if (kind != 0) {
                    out.match(at, end);
                }
                at = end;
            }
        }

        @Override
        public String describe() {
            return "\\w+|[^\\w\\s]+";
        }
    }
}
