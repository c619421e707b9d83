package dev.cutaway.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model's configuration says about any text that it generates, with transformers' meanings: words that must not come
 * ({@code bad_words_ids}; Marian's padding is one), what the last token that there is room for must be ({@code forced_eos_token_id}), and
 * whether beam search counts probabilities among what is left ({@code renormalize_logits}).
 */
final class GenerationRules {
    private final List<int[]> bad;
    private final int[] last;
    private final boolean renormalise;
    private float[] scores = {};

    private GenerationRules(List<int[]> bad, int[] last, boolean renormalise) {
        this.bad = bad;
        this.last = last;
        this.renormalise = renormalise;
    }

    /** The rules of a model: of {@code generation_config.json} if there is one, else of {@code config.json}. */
    static GenerationRules of(Model model, boolean ignoreEnd) {
        Config c = model.generationConfig().orElse(model.config());
        int vocabulary = model.sizes().vocabulary();
        List<int[]> bad = new ArrayList<>();
        if (c.has("bad_words_ids")) {
            for (Object word : list(c, "bad_words_ids", c.values().get("bad_words_ids"))) {
                bad.add(ids(c, "bad_words_ids", word, vocabulary));
            }
        }
        boolean forced = !ignoreEnd && c.has("forced_eos_token_id");
        Object end = c.values().get("forced_eos_token_id");
        int[] last = forced
                ? ids(c, "forced_eos_token_id", end instanceof Number ? List.of(end) : end, vocabulary)
                : new int[0];
        return new GenerationRules(bad, last, c.flag("renormalize_logits", false));
    }

    private static List<?> list(Config c, String key, @Nullable Object v) {
        if (v instanceof List<?> l) {
            return l;
        }
        throw c.bad(key, "must be a list");
    }

    private static int[] ids(Config c, String key, @Nullable Object v, int vocabulary) {
        List<?> ids = list(c, key, v);
        if (ids.isEmpty()) {
            throw c.bad(key, "holds an empty list; it must hold token ids");
        }
        return ids.stream().mapToInt(i -> id(c, key, i, vocabulary)).toArray();
    }

    private static int id(Config c, String key, @Nullable Object v, int vocabulary) {
        if (v instanceof Integer i && i >= 0 && i < vocabulary) {
            return i;
        }
        throw c.bad(key, "holds " + v + "; ids go from 0 to " + (vocabulary - 1));
    }

    /** Whether it is said what the last token must be. */
    boolean forces(boolean isLast) {
        return isLast && last.length > 0;
    }

    /** Whether probabilities are counted among what is left. */
    boolean renormalises() {
        return renormalise;
    }

    /**
     * The logits with what must not come next at minus infinity. The given ones are not changed, and are given back where no rule
     * applies.
     *
     * @param logits of the next token
     * @param text the ids so far, of which the first {@code length} count
     * @param isLast whether there is room for one token only
     */
    float[] apply(float[] logits, int[] text, int length, boolean isLast) {
        boolean ends = forces(isLast);
        if (!ends && bad.isEmpty()) {
            return logits;
        }
        if (scores.length != logits.length) {
            scores = new float[logits.length];
        }
        if (ends) {
            Arrays.fill(scores, Float.NEGATIVE_INFINITY);
            for (int id : last) {
                scores[id] = 0;
            }
            return scores;
        }
        System.arraycopy(logits, 0, scores, 0, logits.length);
        for (int i = 0; i < bad.size(); i++) {
            int[] word = bad.get(i);
            int n = word.length - 1;
            if (n <= length && Arrays.equals(word, 0, n, text, length - n, length)) {
                scores[word[n]] = Float.NEGATIVE_INFINITY;
            }
        }
        return scores;
    }
}
