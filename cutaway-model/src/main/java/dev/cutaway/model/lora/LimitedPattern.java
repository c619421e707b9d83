package dev.cutaway.model.lora;

import dev.cutaway.tensor.BadInputException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A regular expression from outside: it may look at so many characters only, since some take longer than anyone waits. */
final class LimitedPattern {
    private static final int LENGTH = 10_000;
    private static final int STEPS = 1_000_000;

    private final String key;
    private final Pattern pattern;

    private LimitedPattern(String key, Pattern pattern) {
        this.key = key;
        this.pattern = pattern;
    }

    static LimitedPattern of(String key, String text) {
        if (text.length() > LENGTH) {
            throw new BadInputException(key + " has " + text.length() + " characters; at most " + LENGTH + " are read");
        }
        try {
            return new LimitedPattern(key, Pattern.compile(text));
        } catch (PatternSyntaxException e) {
            throw new BadInputException(
                    key + " '" + text + "' is no regular expression (" + e.getDescription() + ")", e);
        } catch (StackOverflowError e) {
            throw new BadInputException(key + " is nested too deeply for a regular expression", e);
        }
    }

    boolean matches(String text) {
        try {
            return pattern.matcher(new Counted(text, new int[1])).matches();
        } catch (TooMany | StackOverflowError e) {
            throw new BadInputException(
                    key + " '" + pattern + "' takes too long for '" + text + "'; give a simpler one", e);
        }
    }

    private static final class TooMany extends RuntimeException {
        private static final long serialVersionUID = 1;

        TooMany() {
            super("", null, false, false);
        }
    }

    private record Counted(CharSequence text, int[] steps) implements CharSequence {
        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int i) {
            if (++steps[0] > STEPS) {
                throw new TooMany();
            }
            return text.charAt(i);
        }

        @Override
        public CharSequence subSequence(int from, int to) {
            return new Counted(text.subSequence(from, to), steps);
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
