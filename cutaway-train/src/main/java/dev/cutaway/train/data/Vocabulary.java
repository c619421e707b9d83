package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import java.util.OptionalInt;

/**
 * A tokenizer whose ids fit the model, and what it puts around a text.
 *
 * @param limit tokens that the model has
 * @param begins whether the tokenizer itself puts its first token before a text
 */
record Vocabulary(Tokenizer tokenizer, int limit, boolean begins, String config) {
    static Vocabulary of(DataContext context) {
        Tokenizer t = context.requireTokenizer();
        int[] bare = t.ids("a", EncodeOptions.TEXT);
        OptionalInt bos = t.special().bos();
        boolean begins = bare.length > 0 && bos.isPresent() && bare[0] == bos.getAsInt();
        return new Vocabulary(
                t, context.sizes().vocabulary(), begins, context.config().file());
    }

    OptionalInt end() {
        return tokenizer.special().eos();
    }

    int requireBegin() {
        return tokenizer.special().bos().orElseThrow(() -> missing("first token (bos_token)", "data.begin: false"));
    }

    int requireEnd() {
        return end().orElseThrow(() -> missing("end token (eos_token)", "data.end: false"));
    }

    int requireRole(OptionalInt id, String role) {
        return id.orElseThrow(() -> missing(role, "another tokenizer"));
    }

    private BadInputException missing(String what, String remedy) {
        return new BadInputException(config + ": the model's tokenizer has no " + what + "; use " + remedy);
    }

    /** The tokens of a text alone. */
    int[] ids(String text) {
        return checked(tokenizer.ids(text, EncodeOptions.BARE));
    }

    /** The tokens of a text with what the tokenizer puts around it. */
    int[] whole(String text) {
        return checked(tokenizer.ids(text, EncodeOptions.TEXT));
    }

    int[] checked(int[] ids) {
        for (int id : ids) {
            if (id >= limit) {
                throw new BadInputException(config + ": the tokenizer gives token " + id + ", the model has " + limit
                        + " tokens; vocab_size must be at least " + tokenizer.vocabularySize());
            }
        }
        return ids;
    }

    /** Ids with one before and one behind, where there are such. */
    static int[] around(OptionalInt first, int[] ids, OptionalInt last) {
        int skip = first.isPresent() ? 1 : 0;
        int[] out = new int[ids.length + skip + (last.isPresent() ? 1 : 0)];
        System.arraycopy(ids, 0, out, skip, ids.length);
        first.ifPresent(f -> out[0] = f);
        last.ifPresent(l -> out[out.length - 1] = l);
        return out;
    }
}
