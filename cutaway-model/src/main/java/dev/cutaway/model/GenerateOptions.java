package dev.cutaway.model;

import dev.cutaway.model.sample.SamplingOptions;
import dev.cutaway.tensor.UsageException;
import java.util.List;

/**
 * How a text is continued.
 *
 * @param maxTokens most tokens to generate
 * @param sampling how each token is chosen
 * @param stops texts that end the answer; they are not part of it
 * @param ignoreEnd whether end tokens are generated like any other instead of ending the answer
 * @param showSpecial whether special tokens appear in the text
 */
public record GenerateOptions(
        int maxTokens, SamplingOptions sampling, List<String> stops, boolean ignoreEnd, boolean showSpecial) {
    public GenerateOptions {
        if (maxTokens < 0) {
            throw new UsageException("--max-tokens " + maxTokens + ": at least 0");
        }
        stops = List.copyOf(stops);
    }

    /** 256 tokens, temperature 0.8, top-p 0.95. */
    public static GenerateOptions defaults() {
        return new GenerateOptions(256, SamplingOptions.DEFAULT, List.of(), false, false);
    }

    /** Always the likeliest token. */
    public static GenerateOptions greedy(int maxTokens) {
        return new GenerateOptions(maxTokens, SamplingOptions.GREEDY, List.of(), false, false);
    }

    public GenerateOptions withSampling(SamplingOptions s) {
        return new GenerateOptions(maxTokens, s, stops, ignoreEnd, showSpecial);
    }

    public GenerateOptions withMaxTokens(int n) {
        return new GenerateOptions(n, sampling, stops, ignoreEnd, showSpecial);
    }

    public GenerateOptions withStops(List<String> texts) {
        return new GenerateOptions(maxTokens, sampling, texts, ignoreEnd, showSpecial);
    }

    public GenerateOptions withIgnoreEnd(boolean ignore) {
        return new GenerateOptions(maxTokens, sampling, stops, ignore, showSpecial);
    }
}
