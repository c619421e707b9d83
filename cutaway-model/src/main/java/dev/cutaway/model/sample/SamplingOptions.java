package dev.cutaway.model.sample;

import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the next token is chosen. The neutral value of each option switches its stage off.
 *
 * @param temperature divides the logits; 0 takes the most probable token, the lowest id among equals
 * @param topK keeps the k most probable; 0 is off
 * @param topP keeps the most probable until their probabilities reach p; 1 is off
 * @param minP keeps what has at least this share of the highest probability; 0 is off
 * @param typical keeps the tokens whose surprise is nearest the expected one until they reach this probability; 1 is off
 * @param repeatPenalty divides positive and multiplies negative logits of every token in the prompt or answer; 1 is off
 * @param presencePenalty is subtracted once from the logit of every token in the answer; 0 is off
 * @param frequencyPenalty is subtracted once for each time that a token is in the answer; 0 is off
 * @param logitBias is added to the logits of these ids
 * @param seed of the draws: the same seed and logits give the same tokens everywhere
 */
public record SamplingOptions(
        double temperature,
        int topK,
        double topP,
        double minP,
        double typical,
        double repeatPenalty,
        double presencePenalty,
        double frequencyPenalty,
        Map<Integer, Double> logitBias,
        long seed) {

    /** Always the most probable token. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 0, 1, 0, 1, 1, 0, 0, Map.of(), 0);

    /** What the command does where neither the user nor the model says anything: temperature 0.8, top-p 0.95. */
    public static final SamplingOptions DEFAULT = new SamplingOptions(0.8, 0, 0.95, 0, 1, 1, 0, 0, Map.of(), 0);

    public SamplingOptions {
        check(temperature >= 0 && temperature <= 1e6, "temperature", temperature, "0 or more");
        check(topK >= 0, "top-k", topK, "0 (off) or more");
        check(topP > 0 && topP <= 1, "top-p", topP, "above 0, up to 1 (off)");
        check(minP >= 0 && minP <= 1, "min-p", minP, "from 0 (off) to 1");
        check(typical > 0 && typical <= 1, "typical", typical, "above 0, up to 1 (off)");
        check(repeatPenalty > 0 && repeatPenalty <= 1e6, "repeat-penalty", repeatPenalty, "above 0; 1 is off");
        check(Math.abs(presencePenalty) <= 1e6, "presence-penalty", presencePenalty, "a number; 0 is off");
        check(Math.abs(frequencyPenalty) <= 1e6, "frequency-penalty", frequencyPenalty, "a number; 0 is off");
        logitBias.forEach((id, bias) -> {
            check(id >= 0, "logit-bias", id, "for ids from 0");
            check(Math.abs(bias) <= 1e6, "logit-bias", bias, "a number");
        });
        logitBias = Map.copyOf(logitBias);
    }

    private static void check(boolean valid, String name, Number value, String rule) {
        if (!valid) {
            throw new UsageException(name + " is " + value + "; it must be " + rule);
        }
    }

    /**
     * The stages that these options switch on, in transformers' order: bias, penalties, temperature, then the cuts
     * from the coarsest to the finest. Temperature comes before the cuts, so that top-p and min-p see the distribution
     * that is drawn from (llama.cpp cuts first and divides last).
     */
    public List<Stage> stages() {
        List<Stage> stages = new ArrayList<>();
        add(stages, !logitBias.isEmpty(), new Stage.LogitBias(new TreeMap<>(logitBias)));
        add(stages, repeatPenalty != 1, new Stage.RepeatPenalty(repeatPenalty));
        boolean counted = presencePenalty != 0 || frequencyPenalty != 0;
        add(stages, counted, new Stage.CountPenalty(presencePenalty, frequencyPenalty));
        add(stages, temperature != 1, new Stage.Temperature(temperature));
        if (temperature > 0) {
            add(stages, topK > 0, new Stage.TopK(Math.max(1, topK)));
            add(stages, topP < 1, new Stage.TopP(topP));
            add(stages, minP > 0, new Stage.MinP(minP));
            add(stages, typical < 1, new Stage.Typical(typical));
        }
        return List.copyOf(stages);
    }

    private static void add(List<Stage> stages, boolean on, Stage stage) {
        if (on) {
            stages.add(stage);
        }
    }

    /** The same with another temperature. */
    public SamplingOptions withTemperature(double other) {
        return new SamplingOptions(
                other, topK, topP, minP, typical, repeatPenalty, presencePenalty, frequencyPenalty, logitBias, seed);
    }

    /** The same with another top-k. */
    public SamplingOptions withTopK(int other) {
        return new SamplingOptions(
                temperature,
                other,
                topP,
                minP,
                typical,
                repeatPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    /** The same with another top-p. */
    public SamplingOptions withTopP(double other) {
        return new SamplingOptions(
                temperature,
                topK,
                other,
                minP,
                typical,
                repeatPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    /** The same with another min-p. */
    public SamplingOptions withMinP(double other) {
        return new SamplingOptions(
                temperature,
                topK,
                topP,
                other,
                typical,
                repeatPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    /** The same with another seed. */
    public SamplingOptions withSeed(long other) {
        return new SamplingOptions(
                temperature,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                other);
    }
}
