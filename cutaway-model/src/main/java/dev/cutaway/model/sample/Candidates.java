package dev.cutaway.model.sample;

import dev.cutaway.tensor.BadInputException;

/**
 * The tokens that are still in the running, with their scores (logits as changed so far) and, on demand, the
 * probabilities among them. One set of arrays serves all steps of a sequence; nothing is allocated for a token.
 */
public final class Candidates {
    private final int[] identity;
    final int[] ids;
    final float[] scores;
    /** Probabilities; valid after {@link #normalise}. */
    final float[] weights;
    /** What a selection orders by; smaller is kept first. */
    final float[] keys;

    int count;
    private boolean normalised;

    Candidates(int vocabulary) {
        identity = new int[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            identity[i] = i;
        }
        ids = new int[vocabulary];
        scores = new float[vocabulary];
        weights = new float[vocabulary];
        keys = new float[vocabulary];
    }

    /** Starts with all tokens. */
    void fill(float[] logits) {
        count = identity.length;
        System.arraycopy(identity, 0, ids, 0, count);
        System.arraycopy(logits, 0, scores, 0, count);
        normalised = false;
    }

    /** To be called by whoever changed scores. */
    void changed() {
        normalised = false;
    }

    /** Keeps the first {@code n}. */
    void keep(int n) {
        if (n != count) {
            count = n;
            normalised = false;
        }
    }

    float max() {
        float max = FastExp.max(scores, count);
        if (!(max > Float.NEGATIVE_INFINITY) || max == Float.POSITIVE_INFINITY) {
            throw new BadInputException("the logits of the next token hold " + max
                    + "; the model's weights are damaged or its numbers overflow, try --exact");
        }
        return max;
    }

    /** Fills in the probabilities of what is left. */
    void normalise() {
        if (normalised) {
            return;
        }
        float max = max();
        FastExp.exp(scores, max, weights, count);
        float scale = (float) (1 / FastExp.sum(weights, count));
        for (int i = 0; i < count; i++) {
            weights[i] *= scale;
        }
        normalised = true;
    }

    /** Drops what scores below the threshold; the order of the rest stays. */
    void keepFrom(double threshold) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (scores[i] >= threshold) {
                ids[kept] = ids[i];
                scores[kept++] = scores[i];
            }
        }
        keep(kept);
    }

    /** Drops what has less than this probability; the order of the rest stays, and so do the probabilities. */
    void dropBelow(float probability) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] >= probability) {
                ids[kept] = ids[i];
                scores[kept] = scores[i];
                weights[kept++] = weights[i];
            }
        }
        keep(kept);
    }

    /** Keeps the best one only, the lowest id among equals. */
    void keepBest() {
        float max = max();
        int best = Integer.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            if (scores[i] == max) {
                best = Math.min(best, ids[i]);
            }
        }
        ids[0] = best;
        scores[0] = max;
        keep(1);
    }

    void swap(int a, int b) {
        int id = ids[a];
        ids[a] = ids[b];
        ids[b] = id;
        float score = scores[a];
        scores[a] = scores[b];
        scores[b] = score;
        float weight = weights[a];
        weights[a] = weights[b];
        weights[b] = weight;
        float key = keys[a];
        keys[a] = keys[b];
        keys[b] = key;
    }

    /** Whether {@code a} is to be kept rather than {@code b}: by key, then by id, so that no two are equal. */
    boolean before(int a, int b) {
        return keys[a] < keys[b] || (keys[a] == keys[b] && ids[a] < ids[b]);
    }

    /** The candidate at which the probabilities, added up, pass {@code u} in [0, 1). */
    int draw(double u) {
        normalise();
        double left = u * FastExp.sum(weights, count);
        int last = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] > 0) {
                last = i;
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }
}
