package dev.cutaway.text.normal;

import dev.cutaway.text.split.CharClass;
import dev.cutaway.text.split.UnicodeDifferences;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** Steps that look at one character at a time. */
public final class Characters {
    private Characters() {}

    /** Lower case, by the rules that know no language and no neighbours. */
    public static final Normaliser LOWERCASE = named("Lowercase", text -> {
        Rewriter out = new Rewriter(text);
        while (out.cursor() < text.length()) {
            lower(text.text().codePointAt(out.cursor()), out);
        }
        return out.done();
    });

    /** Drops combining marks. */
    public static final Normaliser STRIP_ACCENTS =
            named("StripAccents", text -> filter(text, c -> !UnicodeDifferences.isMark(c), c -> c));

    /** The cleaning of neural translation: control characters dropped, all sorts of white space made spaces. */
    public static final Normaliser NMT =
            named("Nmt", text -> filter(text, c -> !nmtDrops(c), c -> nmtSpace(c) ? ' ' : c));

    /** BERT's: cleaning, spaces around CJK characters, accents off, lower case, each if asked. */
    public static Normaliser bert(boolean clean, boolean spaceCjk, boolean stripAccents, boolean lowercase) {
        List<Normaliser> steps = new ArrayList<>();
        if (clean) {
            steps.add(named(
                    "clean",
                    text -> filter(
                            text,
                            c -> c != 0 && c != 0xFFFD && !UnicodeDifferences.isControl(c),
                            c -> CharClass.isSpace(c) ? ' ' : c)));
        }
        if (spaceCjk) {
            steps.add(named("space CJK", Characters::spaceCjk));
        }
        if (stripAccents) {
            steps.add(UnicodeForm.NFD);
            steps.add(named("strip accents", text -> filter(text, c -> !UnicodeDifferences.isNonSpacing(c), c -> c)));
        }
        if (lowercase) {
            steps.add(LOWERCASE);
        }
        return new Normaliser.Chain(steps);
    }

    private interface Step {
        AlignedText apply(AlignedText text);
    }

    private static Normaliser named(String name, Step step) {
        return new Normaliser() {
            @Override
            public AlignedText apply(AlignedText text) {
                return step.apply(text);
            }

            @Override
            public String describe() {
                return name;
            }
        };
    }

    private static void lower(int c, Rewriter out) {
        if (c == 0x130) { // the only character whose lower case is two
            out.replace('i');
            out.insert(0x307);
        } else {
            out.replace(UnicodeDifferences.lower(c));
        }
    }

    /** Keeps what {@code keep} accepts, mapped. */
    private static AlignedText filter(AlignedText text, IntPredicate keep, IntUnaryOperator map) {
        Rewriter out = new Rewriter(text);
        while (out.cursor() < text.length()) {
            int c = text.text().codePointAt(out.cursor());
            if (keep.test(c)) {
                out.replace(map.applyAsInt(c));
            } else {
                out.skip(1);
            }
        }
        return out.done();
    }

    private static AlignedText spaceCjk(AlignedText text) {
        Rewriter out = new Rewriter(text);
        while (out.cursor() < text.length()) {
            int c = text.text().codePointAt(out.cursor());
            if (isCjk(c)) {
                out.replace(' ');
                out.insert(c);
                out.insert(' ');
            } else {
                out.replace(c);
            }
        }
        return out.done();
    }

    /** CJK ideographs as BERT counts them (one block's beginning is off, in the reference too). */
    static boolean isCjk(int c) {
        return (c >= 0x4E00 && c <= 0x9FFF)
                || (c >= 0x3400 && c <= 0x4DBF)
                || (c >= 0x20000 && c <= 0x2A6DF)
                || (c >= 0x2A700 && c <= 0x2B73F)
                || (c >= 0x2B740 && c <= 0x2B81F)
                || (c >= 0x2B920 && c <= 0x2CEAF)
                || (c >= 0xF900 && c <= 0xFAFF)
                || (c >= 0x2F800 && c <= 0x2FA1F);
    }

    private static boolean nmtDrops(int c) {
        return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    }

    private static boolean nmtSpace(int c) {
        return c == 0x9
                || c == 0xA
                || c == 0xC
                || c == 0xD
                || c == 0x1680
                || (c >= 0x200B && c <= 0x200F)
                || c == 0x2028
                || c == 0x2029
                || c == 0x2581
                || c == 0xFEFF
                || c == 0xFFFD;
    }
}
