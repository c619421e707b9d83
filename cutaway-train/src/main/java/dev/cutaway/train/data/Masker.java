package dev.cutaway.train.data;

import dev.cutaway.text.Tokenizer;
import dev.cutaway.train.Objective;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Hides words: special tokens never, and always at least one. */
final class Masker {
    private final MaskOptions options;
    private final int mask;
    private final int limit; // of random tokens
    private final boolean[] special;
    private final boolean[] goesOn; // whether a token goes on with the word before it

    Masker(MaskOptions options, Vocabulary vocabulary) {
        this.options = options;
        Tokenizer t = vocabulary.tokenizer();
        this.mask = vocabulary.requireRole(t.special().mask(), "token for hidden words (mask_token)");
        this.limit = Math.min(t.vocabularySize(), vocabulary.limit());
        this.special = new boolean[t.vocabularySize()];
        this.goesOn = new boolean[t.vocabularySize()];
        boolean sharps = false;
        for (int id = 0; id < special.length; id++) {
            special[id] = t.isSpecial(id);
            sharps |= t.piece(id).orElse("").startsWith("##");
        }
        for (int id = 0; id < special.length; id++) {
            String piece = t.piece(id).orElse("");
            boolean marked = piece.startsWith("\u0120") || piece.startsWith("\u2581");
            goesOn[id] = sharps ? piece.startsWith("##") : !marked && !special[id];
        }
    }

    /** Hides words in {@code ids}, in place; gives the label of each. */
    int[] hide(int[] ids, SplittableRandom draws) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, Objective.NOT_COUNTED);
        int words = 0;
        int only = -1; // one of the words so far, each as likely
        boolean any = false;
        for (int i = 0; i < ids.length; i = end(ids, i)) {
            if (special[ids[i]]) {
                continue;
            }
            if (draws.nextDouble() < options.rate()) {
                mark(ids, labels, i);
                any = true;
            }
            if (draws.nextInt(++words) == 0) {
                only = i;
            }
        }
        if (!any && only >= 0) {
            mark(ids, labels, only);
        }
        for (int i = 0; i < ids.length; i++) {
            ids[i] = labels[i] < 0 ? ids[i] : hidden(ids[i], draws);
        }
        return labels;
    }

    /** Where the word that begins here ends. */
    private int end(int[] ids, int i) {
        int end = i + 1;
        while (options.wholeWords() && !special[ids[i]] && end < ids.length && goesOn[ids[end]] && !special[ids[end]]) {
            end++;
        }
        return end;
    }

    private void mark(int[] ids, int[] labels, int i) {
        System.arraycopy(ids, i, labels, i, end(ids, i) - i);
    }

    private int hidden(int id, SplittableRandom draws) {
        double u = draws.nextDouble();
        if (u < options.asMask()) {
            return mask;
        }
        return u < options.asMask() + options.asRandom() ? draws.nextInt(limit) : id;
    }
}
