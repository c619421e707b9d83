package dev.cutaway.model.sample;

import dev.cutaway.tensor.UsageException;
import java.util.Map;
import java.util.SortedMap;

/**
 * One step between the logits and the draw. Each does what the logits processor of the same name does in transformers;
 * {@link CountPenalty} is OpenAI's.
 */
public sealed interface Stage {

    /** The option that switches it on. */
    String name();

    /** Changes the scores, or removes candidates. At least one is always left. */
    void apply(Candidates candidates, History history);

    /**
     * Adds to the logits of some tokens.
     *
     * @param biases what to add, by id
     */
    record LogitBias(SortedMap<Integer, Double> biases) implements Stage {
        @Override
        public String name() {
            return "logit-bias";
        }

        @Override
        public void apply(Candidates c, History history) {
            for (Map.Entry<Integer, Double> bias : biases.entrySet()) {
                int id = bias.getKey();
                if (id >= c.scores.length) {
                    throw new UsageException(
                            "logit-bias: id " + id + " is beyond the vocabulary of " + c.scores.length);
                }
                int place = place(c, id);
                if (place >= 0) {
                    c.scores[place] += bias.getValue().floatValue();
                }
            }
            c.changed();
        }

        /** Before any cut a token stands at its id. */
        private static int place(Candidates c, int id) {
            if (id < c.count && c.ids[id] == id) {
                return id;
            }
            for (int i = 0; i < c.count; i++) {
                if (c.ids[i] == id) {
                    return i;
                }
            }
            return -1;
        }
    }

    /**
     * Makes every token that has been there less probable (Keskar et al. 2019): a positive logit is divided, a negative
     * one multiplied.
     *
     * @param penalty above 1 for fewer repetitions
     */
    record RepeatPenalty(double penalty) implements Stage {
        @Override
        public String name() {
            return "repeat-penalty";
        }

        @Override
        public void apply(Candidates c, History history) {
            if (history.size() == 0) {
                return;
            }
            float p = (float) penalty;
            for (int i = 0; i < c.count; i++) {
                if (history.everywhere(c.ids[i]) > 0) {
                    c.scores[i] = c.scores[i] < 0 ? c.scores[i] * p : c.scores[i] / p;
                }
            }
            c.changed();
        }
    }

    /**
     * Takes from the logits of tokens in the answer, once and for each time that they are in it.
     *
     * @param presence once
     * @param frequency for each time
     */
    record CountPenalty(double presence, double frequency) implements Stage {
        @Override
        public String name() {
            return frequency == 0 ? "presence-penalty" : presence == 0 ? "frequency-penalty" : "count-penalty";
        }

        @Override
        public void apply(Candidates c, History history) {
            if (history.size() == 0) {
                return;
            }
            for (int i = 0; i < c.count; i++) {
                int n = history.answered(c.ids[i]);
                if (n > 0) {
                    c.scores[i] -= (float) (presence + frequency * n);
                }
            }
            c.changed();
        }
    }

    /**
     * Divides the logits: below 1 the distribution gets sharper, above 1 flatter. 0 keeps the most probable token only.
     *
     * @param temperature what to divide by
     */
    record Temperature(double temperature) implements Stage {
        @Override
        public String name() {
            return "temperature";
        }

        @Override
        public void apply(Candidates c, History history) {
            if (temperature == 0) {
                c.keepBest();
                return;
            }
            float max = c.max();
            double factor = 1 / Math.max(temperature, 1e-300);
            for (int i = 0; i < c.count; i++) {
                // Relative to the highest, so that a tiny temperature cannot overflow.
                c.scores[i] = (float) ((c.scores[i] - max) * factor);
            }
            c.changed();
        }
    }

    /**
     * Keeps the k most probable tokens, and those equal to the last of them.
     *
     * @param k how many
     */
    record TopK(int k) implements Stage {
        @Override
        public String name() {
            return "top-k";
        }

        @Override
        public void apply(Candidates c, History history) {
            if (k < c.count) {
                c.keepFrom(Selection.highest(c, k));
            }
        }
    }

    /**
     * Nucleus sampling (Holtzman et al. 2020): keeps the most probable tokens until they have this probability together.
     *
     * @param p the probability
     */
    record TopP(double p) implements Stage {
        @Override
        public String name() {
            return "top-p";
        }

        @Override
        public void apply(Candidates c, History history) {
            c.normalise();
            // All with less than this share of what is to be left out cannot reach it together: the cut lies above
            // them,
            // and a vocabulary shrinks to hundreds before anything is moved.
            c.dropBelow((float) ((1 - p) / c.count * 0.5));
            for (int i = 0; i < c.count; i++) {
                c.keys[i] = -c.scores[i];
            }
            c.keep(Selection.smallest(c, p));
        }
    }

    /**
     * Keeps the tokens that have at least this share of the highest probability (Nguyen et al. 2024).
     *
     * @param p the share
     */
    record MinP(double p) implements Stage {
        @Override
        public String name() {
            return "min-p";
        }

        @Override
        public void apply(Candidates c, History history) {
            c.keepFrom(c.max() + Math.log(p));
        }
    }

    /**
     * Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is nearest the expected surprise,
     * until they have this probability together, and those as near as the last of them.
     *
     * @param p the probability
     */
    record Typical(double p) implements Stage {
        @Override
        public String name() {
            return "typical";
        }

        @Override
        public void apply(Candidates c, History history) {
            c.normalise();
            double entropy = 0;
            for (int i = 0; i < c.count; i++) {
                double w = c.weights[i];
                entropy -= w > 0 ? w * Math.log(w) : 0;
            }
            for (int i = 0; i < c.count; i++) {
                double w = c.weights[i];
                c.keys[i] = w > 0 ? (float) Math.abs(-Math.log(w) - entropy) : Float.POSITIVE_INFINITY;
            }
            int kept = Selection.smallest(c, p);
            float furthest = 0;
            for (int i = 0; i < kept; i++) {
                furthest = Math.max(furthest, c.keys[i]);
            }
            for (int i = kept; i < c.count; i++) {
                if (c.keys[i] == furthest) {
                    c.swap(i, kept++);
                }
            }
            c.keep(kept);
        }
    }
}
