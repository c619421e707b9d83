package dev.cutaway.text.split;

import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Splits at what a matcher finds.
 *
 * @param matcher what to look for
 * @param behaviour what becomes of it
 * @param invert look for what lies between the matches instead
 * @param name how {@code tokenizer.json} calls this step
 */
public record Split(Matcher matcher, Behaviour behaviour, boolean invert, String name) implements PreTokenizer {
    /** Splits into what a matcher finds and what lies between. */
    public static Split isolated(Matcher matcher) {
        return new Split(matcher, Behaviour.ISOLATED, false, "Split");
    }

    /** The hand-written pattern, if that is all this step does. */
    public Optional<KnownPattern> knownPattern() {
        return behaviour == Behaviour.ISOLATED && !invert && matcher instanceof KnownPattern known
                ? Optional.of(known)
                : Optional.empty();
    }

    /** Which characters this step cuts out one by one, if they are the numbers and that is all it does. */
    public Optional<IntPredicate> singleNumbers() {
        if (behaviour != Behaviour.ISOLATED || invert) {
            return Optional.empty();
        }
        if (matcher instanceof Regex) {
            return matcher.describe().equals("\\p{N}") ? Optional.of(new Numeral()) : Optional.empty();
        }
        return matcher instanceof CharMatcher && matcher.equals(CharMatcher.NUMERIC)
                ? Optional.of(UnicodeDifferences::isNumeric)
                : Optional.empty();
    }

    /** {@code \p{N}}; a class, because a lambda takes milliseconds to make when a program starts. */
    private static final class Numeral implements IntPredicate {
        @Override
        public boolean test(int c) {
            return CharClass.of(c) == CharClass.NUMBER;
        }
    }

    @Override
    public Cut apply(Cut cut) {
        Cut out = Cut.empty(cut.text(), cut.count() * 2);
        for (int i = 0; i < cut.count(); i++) {
            Matches matches = new Matches(cut.from(i));
            matcher.find(cut.text().text(), cut.from(i), cut.to(i), matches);
            matches.gapTo(cut.to(i));
            if (invert) {
                matches.invert();
            }
            matches.into(out, behaviour);
        }
        return out;
    }

    @Override
    public String describe() {
        return name + "(" + matcher.describe() + ")";
    }
}
