package dev.cutaway.text.trace;

import java.util.List;

/**
 * How a text became tokens, step by step, for showing.
 *
 * @param text the text as given
 * @param normaliser what normalisation was done, in words
 * @param preTokenizer how the text was cut, in words
 * @param model the kind of model
 * @param sections the text in order: added tokens that were found in it and what lies between
 * @param ids the token ids of the whole text, special tokens added around it included
 */
public record Trace(
        String text, String normaliser, String preTokenizer, String model, List<Section> sections, List<Integer> ids) {
    public Trace {
        sections = List.copyOf(sections);
        ids = List.copyOf(ids);
    }

    /** A stretch of the text; {@code start} and {@code end} are UTF-8 bytes of the text as given. */
    public sealed interface Section {
        int start();

        int end();
    }

    /** An added token, found in the text before anything else. */
    public record Found(int id, String content, boolean special, int start, int end) implements Section {}

    /** Text between added tokens: normalised, then cut into pre-tokens. */
    public record Text(String normalised, List<PreToken> preTokens, int start, int end) implements Section {
        public Text {
            preTokens = List.copyOf(preTokens);
        }
    }

    /**
     * One pre-token.
     *
     * @param text as the model sees it (byte letters, marks for spaces)
     * @param tokens what it became
     * @param steps how
     */
    public record PreToken(String text, int start, int end, List<Token> tokens, Steps steps) {
        public PreToken {
            tokens = List.copyOf(tokens);
        }
    }

    /** A token: its id, its entry in the vocabulary, the bytes it stands for. */
    public record Token(int id, String piece, int start, int end) {}
}
