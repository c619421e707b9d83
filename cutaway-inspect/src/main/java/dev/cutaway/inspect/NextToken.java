package dev.cutaway.inspect;

import dev.cutaway.inspect.InspectedModel.Candidate;
import dev.cutaway.inspect.InspectedModel.Draw;
import dev.cutaway.inspect.InspectedModel.Settings;
import dev.cutaway.inspect.InspectedModel.Stage;
import dev.cutaway.model.sample.Distribution;
import dev.cutaway.model.sample.Sampler;
import dev.cutaway.model.sample.SamplingOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * What the engine's sampler does with the logits of one position: the sampler is asked with its stages switched on one after
 * the other, and what is missing after a stage is what that stage removed.
 */
final class NextToken {
    private static final double RANKS_PER_STEP = 1.12;

    private NextToken() {}

    /**
     * A sampler for the token after one position. Each position has draws of its own, so that the seed gives the same token
     * whether a text is generated at once, token by token, or only looked at.
     */
    static Sampler sampler(Settings s, int position, int vocabulary) {
        return new Sampler(options(s).withSeed(s.seed() * 1_000_003 + position), vocabulary);
    }

    private static SamplingOptions options(Settings s) {
        double topP = s.topP() > 0 ? s.topP() : 1;
        return SamplingOptions.GREEDY
                .withTemperature(s.temperature())
                .withTopK(s.topK())
                .withTopP(topP)
                .withMinP(s.minP());
    }

    static Draw draw(float[] logits, int position, Settings s, int shown, IntFunction<String> word) {
        SamplingOptions all = options(s);
        SamplingOptions heated = all.withTopK(0).withTopP(1).withMinP(0);
        List<String> names = List.of("temperature", "top-k", "top-p", "min-p");
        List<Distribution> after = List.of(
                of(heated, logits),
                of(heated.withTopK(all.topK()), logits),
                of(heated.withTopK(all.topK()).withTopP(all.topP()), logits),
                of(all, logits));
        List<Stage> left = new ArrayList<>();
        List<Map<Integer, Float>> survivors = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            left.add(new Stage(names.get(i), after.get(i).ids().length));
            survivors.add(shares(after.get(i)));
        }
        int drawn = sampler(s, position, logits.length).next(logits);
        int[] ranked = of(SamplingOptions.GREEDY.withTemperature(1), logits).ids();
        Ranking ranking = new Ranking(logits, s, names, survivors, word);
        List<Candidate> candidates = new ArrayList<>();
        Candidate chosen = ranking.candidate(drawn, 0, 0);
        double from = 0;
        for (int i = 0; i < ranked.length; i++) {
            boolean wanted = i < shown;
            if (wanted || ranked[i] == drawn) {
                Candidate c = ranking.candidate(ranked[i], i + 1, from);
                if (wanted) {
                    candidates.add(c);
                }
                chosen = ranked[i] == drawn ? c : chosen;
            }
            from += survivors.getLast().getOrDefault(ranked[i], 0f);
        }
        List<Integer> ranks = ranks(ranked.length);
        List<Float> curve = ranks.stream().map(r -> logits[ranked[r - 1]]).toList();
        return new Draw(left, candidates, ranks, curve, entropy(after.getFirst()), chosen);
    }

    private static Distribution of(SamplingOptions options, float[] logits) {
        return new Sampler(options, logits.length).distribution(logits);
    }

    private static Map<Integer, Float> shares(Distribution d) {
        Map<Integer, Float> shares = new HashMap<>();
        for (int i = 0; i < d.ids().length; i++) {
            shares.put(d.ids()[i], d.probabilities()[i]);
        }
        return shares;
    }

    private static double entropy(Distribution d) {
        double bits = 0;
        for (float p : d.probabilities()) {
            bits -= p > 0 ? p * Math.log(p) / Math.log(2) : 0;
        }
        return bits;
    }

    /** Ranks at even distances of a logarithmic axis, the first and the last among them. */
    private static List<Integer> ranks(int last) {
        List<Integer> ranks = new ArrayList<>();
        for (double r = 1; r < last; r *= RANKS_PER_STEP) {
            int rank = (int) r;
            if (ranks.isEmpty() || ranks.getLast() != rank) {
                ranks.add(rank);
            }
        }
        if (ranks.isEmpty() || ranks.getLast() != last) {
            ranks.add(last);
        }
        return ranks;
    }

    /** The candidates' fates. */
    private record Ranking(
            float[] logits,
            Settings settings,
            List<String> names,
            List<Map<Integer, Float>> survivors,
            IntFunction<String> word) {
        Candidate candidate(int id, int rank, double from) {
            int cut = 0;
            while (cut < survivors.size() && survivors.get(cut).containsKey(id)) {
                cut++;
            }
            boolean alive = cut == survivors.size();
            return new Candidate(
                    id,
                    word.apply(id),
                    rank,
                    logits[id],
                    survivors.getFirst().getOrDefault(id, 0f),
                    alive ? "" : names.get(cut),
                    alive ? "" : reason(names.get(cut), rank),
                    survivors.getLast().getOrDefault(id, 0f),
                    from);
        }

        private String reason(String stage, int rank) {
            return switch (stage) {
                case "top-k" -> "rank " + rank;
                case "top-p" -> "after " + Math.round(100 * settings.topP()) + " %";
                case "min-p" -> String.format(Locale.ROOT, "below %.2f × largest", settings.minP());
                default -> "not the largest";
            };
        }
    }
}
