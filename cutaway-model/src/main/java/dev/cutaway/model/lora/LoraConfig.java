package dev.cutaway.model.lora;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How an adapter is made, with PEFT's keys and meanings ({@code adapter_config.json}).
 *
 * @param rank rows of A and columns of B
 * @param alpha the product B A counts {@code alpha / rank} times
 * @param dropout share of what enters A that is made 0 at random while it is trained
 * @param rootRank whether it counts {@code alpha / sqrt(rank)} times instead ({@code use_rslora}, Kalajdzievski, arXiv 2312.03732)
 * @param targets which modules have one
 * @param modulesToSave names of modules that are trained whole and kept in the adapter
 * @param rankPattern other ranks for some modules: names or patterns of names
 * @param alphaPattern other alphas for some modules
 */
public record LoraConfig(
        int rank,
        double alpha,
        double dropout,
        boolean rootRank,
        Targets targets,
        List<String> modulesToSave,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern) {
    /** The greatest rank that is read or made. */
    public static final int MAX_RANK = 1 << 16;

    public LoraConfig {
        if (rank < 1 || rank > MAX_RANK) {
            throw new UsageException("lora.rank is " + rank + "; it must be from 1 to " + MAX_RANK);
        }
        if (!Double.isFinite(alpha)) {
            throw new UsageException("lora.alpha is " + alpha + "; it must be a number");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new UsageException("lora.dropout is " + dropout + "; it must be from 0 to below 1");
        }
        modulesToSave = List.copyOf(modulesToSave);
        rankPattern = Map.copyOf(rankPattern);
        alphaPattern = Map.copyOf(alphaPattern);
        rankPattern.forEach((name, r) -> {
            if (r < 1 || r > MAX_RANK) {
                throw new UsageException(
                        "lora.rank_pattern of " + name + " is " + r + "; it must be from 1 to " + MAX_RANK);
            }
        });
    }

    /** A rank and an alpha for some modules. */
    public static LoraConfig of(int rank, double alpha, Targets targets) {
        return new LoraConfig(rank, alpha, 0, false, targets, List.of(), Map.of(), Map.of());
    }

    /** Which modules have an adapter. */
    public sealed interface Targets {
        /** Whether a module, named as in transformers ({@code model.layers.0.self_attn.q_proj}), is one. */
        boolean match(String module);

        /** Modules of these names, or whose names end with a dot and one of these. */
        record Suffixes(List<String> names) implements Targets {
            public Suffixes {
                names = List.copyOf(names);
                if (names.isEmpty()) {
                    throw new UsageException("lora.targets is empty; name modules (q_proj, v_proj), or all-linear");
                }
            }

            @Override
            public boolean match(String module) {
                return names.stream().anyMatch(n -> module.equals(n) || module.endsWith("." + n));
            }
        }

        /** Modules whose whole name a regular expression matches. */
        record Expression(String pattern) implements Targets {
            @Override
            public boolean match(String module) {
                return LimitedPattern.of("lora.targets", pattern).matches(module);
            }
        }

        /** All matrices that rows are multiplied by, but the unembedding or the classifier. */
        record AllLinear() implements Targets {
            @Override
            public boolean match(String module) {
                return true;
            }
        }

        /** As PEFT reads a text: {@code all-linear}, or else a regular expression. */
        static Targets of(String text) {
            return text.equalsIgnoreCase("all-linear") ? new AllLinear() : new Expression(text);
        }
    }

    /** Whether a module is kept whole. */
    public boolean saved(String module) {
        return modulesToSave.stream().anyMatch(m -> {
            String padded = "." + module + ".";
            return padded.contains("." + m + ".");
        });
    }

    /** The rank of a module's adapter. */
    public int rank(String module) {
        return pattern("rank_pattern", rankPattern, module).orElse(rank);
    }

    /** How often a module's B A counts. */
    public double scale(String module, int itsRank) {
        double a = pattern("alpha_pattern", alphaPattern, module).orElse(alpha);
        return rootRank ? a / Math.sqrt(itsRank) : a / itsRank;
    }

    /** As PEFT: a pattern is a regular expression for the end of a name, at a dot. */
    private static <T> Optional<T> pattern(String key, Map<String, T> patterns, String module) {
        return patterns.entrySet().stream()
                .filter(e -> module.equals(e.getKey())
                        || LimitedPattern.of("lora." + key, "(.*\\.)?(" + e.getKey() + ")")
                                .matches(module))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    static BadInputException bad(Object file, String key, Object value, String remedy) {
        String text = String.valueOf(value);
        return new BadInputException(file + ": " + key + " is "
                + (text.length() > 60 ? text.substring(0, 60) + "..." : text) + "; " + remedy);
    }
}
