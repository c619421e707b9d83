package dev.cutaway.cli;

import dev.cutaway.model.BeamOptions;
import dev.cutaway.model.Config;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Model;
import dev.cutaway.model.sample.SamplingOptions;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How tokens are chosen and when a text ends, for every command that writes one. */
final class SamplingArguments {
    private static final int MAX_TOKENS = 256;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Most tokens to write; 256 unless the model says otherwise.")
    private @Nullable Integer maxTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "0 takes the likeliest token; 0.8 by default.")
    private @Nullable Double temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "Only the K likeliest tokens; 0 is off.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Only the likeliest tokens that make up P; 0.95 by default, 1 is off.")
    private @Nullable Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Only tokens at least P times as likely as the likeliest.")
    private @Nullable Double minP;

    @Option(names = "--typical", paramLabel = "P", description = "Only tokens of typical surprise that make up P.")
    private @Nullable Double typical;

    @Option(
            names = "--repeat-penalty",
            paramLabel = "X",
            description = "Makes tokens of the text so far unlikelier; 1 is off.")
    private @Nullable Double repeatPenalty;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            description = "Taken from the score of every token in the answer.")
    private @Nullable Double presencePenalty;

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "The same, times how often it is there.")
    private @Nullable Double frequencyPenalty;

    @Option(names = "--logit-bias", paramLabel = "ID=X", split = ",", description = "Added to the score of a token.")
    private List<String> logitBias = new ArrayList<>();

    @Option(names = "--seed", paramLabel = "N", description = "The same seed draws the same text.")
    private @Nullable Long seed;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the answer where this text comes; repeatable.")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--ignore-eos", description = "Goes on behind end tokens.")
    private boolean ignoreEnd;

    /**
     * Takes the value of an option, for {@link PlainRun}.
     *
     * @return whether this knows the option; those that may come several times it leaves to picocli
     * @throws NumberFormatException if the value is no number
     */
    boolean take(String option, String value) {
        switch (option) {
            case "--max-tokens" -> maxTokens = Integer.valueOf(value);
            case "--temperature" -> temperature = Double.valueOf(value);
            case "--top-k" -> topK = Integer.valueOf(value);
            case "--top-p" -> topP = Double.valueOf(value);
            case "--min-p" -> minP = Double.valueOf(value);
            case "--typical" -> typical = Double.valueOf(value);
            case "--repeat-penalty" -> repeatPenalty = Double.valueOf(value);
            case "--presence-penalty" -> presencePenalty = Double.valueOf(value);
            case "--frequency-penalty" -> frequencyPenalty = Double.valueOf(value);
            case "--seed" -> seed = Long.valueOf(value);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Takes an option without a value, for {@link PlainRun}. */
    boolean take(String option) {
        boolean known = option.equals("--ignore-eos");
        ignoreEnd |= known;
        return known;
    }

    /**
     * The options as given, over those that come with the model.
     *
     * @param greedy whether the likeliest token is taken where nobody says anything
     * @throws UsageException if a value is outside its range
     */
    GenerateOptions options(Model model, boolean greedy) {
        Optional<Config> config = model.generationConfig();
        int most = maxTokens != null
                ? maxTokens
                : config.map(c -> c.count("max_new_tokens", MAX_TOKENS)).orElse(MAX_TOKENS);
        return new GenerateOptions(most, sampling(config, greedy), stops, ignoreEnd, false);
    }

    /**
     * The options of a beam search, over those that come with the model.
     *
     * @param penalty the length penalty as given, if it was
     * @throws UsageException if options are given that mean nothing there
     */
    BeamOptions beams(Model model, int beams, @Nullable Double penalty) {
        GenerateOptions how = options(model, true);
        boolean chosen = Stream.of(topK, topP, minP, typical, repeatPenalty, presencePenalty, frequencyPenalty)
                .anyMatch(Objects::nonNull);
        if (chosen || how.sampling().temperature() != 0 || !logitBias.isEmpty() || !stops.isEmpty()) {
            throw new UsageException("--beams " + beams
                    + ": beam search takes the likeliest text as it is; of the options for choosing tokens it takes"
                    + " --max-tokens, --length-penalty and --ignore-eos only");
        }
        Optional<Config> config = model.generationConfig();
        double power = penalty != null ? penalty : real(config, "length_penalty", 1);
        return new BeamOptions(beams, how.maxTokens(), power, stopping(config), ignoreEnd);
    }

    private static BeamOptions.Stopping stopping(Optional<Config> config) {
        Object early = config.map(c -> c.values().get("early_stopping")).orElse(false);
        return Boolean.TRUE.equals(early)
                ? BeamOptions.Stopping.EARLY
                : "never".equals(early) ? BeamOptions.Stopping.NEVER : BeamOptions.Stopping.HEURISTIC;
    }

    private SamplingOptions sampling(Optional<Config> config, boolean greedy) {
        boolean off = config.map(c -> !c.flag("do_sample", true)).orElse(false) || greedy;
        boolean tuned = config.map(c -> c.has("temperature") || c.has("top_p")).orElse(false);
        double t = temperature != null ? temperature : off ? 0 : real(config, "temperature", tuned ? 1 : 0.8);
        // At temperature 0 only what the user asked for stands between the scores and the likeliest token.
        Optional<Config> rest = t == 0 ? Optional.empty() : config;
        return new SamplingOptions(
                t,
                topK != null ? topK : rest.map(c -> c.count("top_k", 0)).orElse(0),
                topP != null ? topP : real(rest, "top_p", tuned ? 1 : 0.95),
                minP != null ? minP : real(rest, "min_p", 0),
                typical != null ? typical : real(rest, "typical_p", 1),
                repeatPenalty != null ? repeatPenalty : real(rest, "repetition_penalty", 1),
                presencePenalty != null ? presencePenalty : 0,
                frequencyPenalty != null ? frequencyPenalty : 0,
                bias(),
                seed != null ? seed : System.nanoTime());
    }

    private static double real(Optional<Config> config, String key, double otherwise) {
        return config.map(c -> c.real(key, otherwise)).orElse(otherwise);
    }

    private Map<Integer, Double> bias() {
        Map<Integer, Double> all = new LinkedHashMap<>();
        for (String s : logitBias) {
            try {
                int at = s.indexOf('=');
                all.put(Integer.parseInt(s.substring(0, at).strip()), Double.parseDouble(s.substring(at + 1)));
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                throw new UsageException("--logit-bias " + s + ": write ID=NUMBER, such as 42=-5");
            }
        }
        return all;
    }
}
