package dev.cutaway.text;

import java.util.OptionalInt;
import java.util.Set;

/**
 * Ids of the tokens with a role, as far as a tokenizer has them.
 *
 * @param bos beginning of a text
 * @param eos end of a text
 * @param unk what is not in the vocabulary
 * @param pad filler
 * @param sep between two texts
 * @param cls before a text that is classified
 * @param mask a word to be guessed
 * @param ends all tokens that end a generation (end of text, end of a turn)
 */
public record SpecialTokens(
        OptionalInt bos,
        OptionalInt eos,
        OptionalInt unk,
        OptionalInt pad,
        OptionalInt sep,
        OptionalInt cls,
        OptionalInt mask,
        Set<Integer> ends) {
    public SpecialTokens {
        ends = Set.copyOf(ends);
    }
}
