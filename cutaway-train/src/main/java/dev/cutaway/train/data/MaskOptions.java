package dev.cutaway.train.data;

import dev.cutaway.tensor.UsageException;

/**
 * How words are hidden (BERT, arXiv 1810.04805).
 *
 * @param rate of tokens, or of words, that are to be guessed
 * @param asMask share of these that become the mask
 * @param asRandom share that become any token; the rest stay
 * @param wholeWords whether all tokens of a word are hidden together
 */
record MaskOptions(double rate, double asMask, double asRandom, boolean wholeWords) {
    static final MaskOptions DEFAULT = new MaskOptions(0.15, 0.8, 0.1, false);

    MaskOptions {
        if (asMask + asRandom > 1 + 1e-9) {
            throw new UsageException(
                    "data.as_mask " + asMask + " and data.as_random " + asRandom + " are more than 1 together");
        }
    }

    static MaskOptions of(Keys keys) {
        return new MaskOptions(
                keys.real("masked", 0.001, 1, DEFAULT.rate),
                keys.real("as_mask", 0, 1, DEFAULT.asMask),
                keys.real("as_random", 0, 1, DEFAULT.asRandom),
                keys.flag("whole_words", false));
    }
}
