package dev.cutaway.model;

import dev.cutaway.tensor.UsageException;

/**
 * How beam search goes, with the meanings that the same options have in transformers.
 *
 * @param beams how many texts are followed at a time
 * @param maxTokens most tokens to generate
 * @param lengthPenalty the power of a text's length by which the sum of its logarithms is divided: above 0 favours long texts
 * @param stopping when to stop
 * @param ignoreEnd whether end tokens are generated like any other
 */
public record BeamOptions(int beams, int maxTokens, double lengthPenalty, Stopping stopping, boolean ignoreEnd) {
    private static final int MOST = 64;

    /** When a search stops that has found as many texts as it has beams. */
    public enum Stopping {
        /** At once. */
        EARLY,
        /** When the best open text, were it to end now, would be worse than all that were found. */
        HEURISTIC,
        /** When no open text can become better even at the greatest length; slower. */
        NEVER
    }

    public BeamOptions {
        if (beams < 1 || beams > MOST) {
            throw new UsageException("--beams " + beams + ": from 1 to " + MOST);
        }
        if (maxTokens < 1) {
            throw new UsageException("--max-tokens " + maxTokens + ": beam search needs at least 1");
        }
        if (!Double.isFinite(lengthPenalty) || Math.abs(lengthPenalty) > 100) {
            throw new UsageException("--length-penalty " + lengthPenalty + ": from -100 to 100");
        }
    }
}
