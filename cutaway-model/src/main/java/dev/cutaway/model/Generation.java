package dev.cutaway.model;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A generated text and how long it took.
 *
 * @param text the text, without what stopped it
 * @param tokens the generated tokens, an end token included
 * @param promptTokens tokens of the prompt
 * @param reusedTokens of those, how many the session held already
 * @param promptSeconds time from the start to the first token's logits
 * @param generateSeconds time for the tokens after the first
 * @param stop why it ended
 */
public record Generation(
        String text,
        List<Token> tokens,
        int promptTokens,
        int reusedTokens,
        double promptSeconds,
        double generateSeconds,
        Stop stop) {
    /** Why a text ended. */
    public enum Stop {
        /** An end token. */
        EOS,
        /** As many tokens as were asked for, or the end of the context. */
        LENGTH,
        /** A stop text. */
        STOP,
        /** It was cancelled. */
        CANCELLED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One generated token.
     *
     * @param id its number
     * @param text what it adds to the text; empty while a character is incomplete or a stop text may be beginning
     * @param logprob natural logarithm of its probability, before temperature and cuts
     */
    public record Token(int id, String text, double logprob) {}

    public Generation {
        tokens = List.copyOf(tokens);
    }

    /** The generated ids. */
    public int[] ids() {
        return tokens.stream().mapToInt(Token::id).toArray();
    }

    /** Prompt tokens per second; those that were reused do not count. */
    public double promptTokensPerSecond() {
        return (promptTokens - reusedTokens) / promptSeconds;
    }

    /** Generated tokens per second, after the first. */
    public double generatedTokensPerSecond() {
        return tokens.size() < 2 ? 0 : (tokens.size() - 1) / generateSeconds;
    }

    @Override
    public String toString() {
        return text + " " + Arrays.toString(ids());
    }
}
