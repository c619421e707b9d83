package dev.cutaway.train.run;

import dev.cutaway.model.lora.LoraConfig;
import dev.cutaway.tensor.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The recipe's {@code lora}, with PEFT's meanings. What it does not say is PEFT's default for a new adapter, and an adapter's own that the
 * run begins with.
 *
 * @param file the recipe, for messages
 * @param rank rows of A
 * @param alpha how much it counts, times the rank
 * @param dropout share of what enters A that is dropped
 * @param rootRank whether the root of the rank divides it
 * @param targets which matrices have one
 * @param modulesToSave what is trained whole
 * @param ranks other ranks for some modules
 * @param alphas other alphas for some modules
 */
public record LoraSection(
        String file,
        Optional<Long> rank,
        Optional<Double> alpha,
        Optional<Double> dropout,
        Optional<Boolean> rootRank,
        Optional<LoraConfig.Targets> targets,
        Optional<List<String>> modulesToSave,
        Optional<Map<String, Integer>> ranks,
        Optional<Map<String, Double>> alphas) {
    /** PEFT's default of both rank and alpha. */
    private static final int USUAL = 8;

    static LoraSection of(RecipeKeys k) {
        return new LoraSection(
                k.file(),
                k.whole("lora.rank"),
                k.has("lora.alpha") ? Optional.of(k.real("lora.alpha")) : Optional.empty(),
                k.has("lora.dropout") ? Optional.of(k.real("lora.dropout")) : Optional.empty(),
                k.has("lora.rslora") ? Optional.of(k.flag("lora.rslora")) : Optional.empty(),
                k.has("lora.targets") ? Optional.of(targets(k.texts("lora.targets"))) : Optional.empty(),
                k.has("lora.modules_to_save") ? Optional.of(k.texts("lora.modules_to_save")) : Optional.empty(),
                k.open("lora.rank_pattern").map(m -> ranks(k, m)),
                k.open("lora.alpha_pattern").map(m -> alphas(k, m)));
    }

    /** One word is a name, or stands for all; else one text is a regular expression, as PEFT reads it. */
    private static LoraConfig.Targets targets(List<String> said) {
        if (said.size() == 1) {
            String one = said.getFirst();
            if (one.equalsIgnoreCase("all-linear") || !one.matches("[\\w.]+")) {
                return LoraConfig.Targets.of(one);
            }
        }
        return new LoraConfig.Targets.Suffixes(said);
    }

    private static Map<String, Integer> ranks(RecipeKeys k, Map<String, Object> said) {
        Map<String, Integer> out = new LinkedHashMap<>();
        said.forEach((name, v) -> {
            if (!(v instanceof Integer n)) {
                throw bad(k, "lora.rank_pattern." + name, v, "a whole number from 1 to " + LoraConfig.MAX_RANK);
            }
            out.put(name, n);
        });
        return out;
    }

    private static Map<String, Double> alphas(RecipeKeys k, Map<String, Object> said) {
        Map<String, Double> out = new LinkedHashMap<>();
        said.forEach((name, v) -> {
            if (!(v instanceof Number n) || !Double.isFinite(n.doubleValue())) {
                throw bad(k, "lora.alpha_pattern." + name, v, "a number");
            }
            out.put(name, n.doubleValue());
        });
        return out;
    }

    private static UsageException bad(RecipeKeys k, String key, Object v, String must) {
        return new UsageException(k.file() + ": " + key + " is " + RecipeKeys.shown(v) + "; it must be " + must);
    }

    /** A new adapter's. */
    LoraConfig config() {
        return new LoraConfig(
                Math.toIntExact(rank.orElse((long) USUAL)),
                alpha.orElse((double) USUAL),
                dropout.orElse(0.0),
                rootRank.orElse(false),
                targets.orElseThrow(() -> new UsageException(file
                        + ": lora.targets is missing; name matrices of the model (q_proj, v_proj), or all-linear")),
                modulesToSave.orElse(List.of()),
                ranks.orElse(Map.of()),
                alphas.orElse(Map.of()));
    }

    /** Refuses to begin with an adapter that is not as the recipe says. */
    void requireSame(LoraConfig there, Object where) {
        same("rank", rank.map(Long::intValue), there.rank(), where);
        same("alpha", alpha, there.alpha(), where);
        same("dropout", dropout, there.dropout(), where);
        same("rslora", rootRank, there.rootRank(), where);
        same("modules_to_save", modulesToSave, there.modulesToSave(), where);
        same("rank_pattern", ranks, there.rankPattern(), where);
        same("alpha_pattern", alphas, there.alphaPattern(), where);
        if (there.targets() instanceof LoraConfig.Targets.Suffixes(List<String> names)
                && targets.isPresent()
                && targets.get() instanceof LoraConfig.Targets.Suffixes(List<String> said)) {
            same(
                    "targets",
                    Optional.of(said.stream().sorted().toList()),
                    names.stream().sorted().toList(),
                    where);
        }
    }

    private <T> void same(String key, Optional<T> said, T there, Object where) {
        if (said.isPresent() && !said.get().equals(there)) {
            throw new UsageException(file + ": lora." + key + " is " + said.get() + ", but the adapter in " + where
                    + " that the run begins with has " + there + "; leave it out, or begin with the model alone");
        }
    }
}
