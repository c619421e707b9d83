package dev.cutaway.text.train;

import java.util.List;
import java.util.Optional;

/**
 * Characters: every distinct one of the text is a token, in the order of their code points, after the special tokens. As nanoGPT does
 * with its Shakespeare, so that losses compare. Without an unknown token a text with another character is refused.
 *
 * @param vocabulary special tokens and so on
 */
public record CharactersTrainer(VocabularyOptions vocabulary) implements TokenizerTrainer {
    private static final int ALL = 0x110000;

    static CharactersTrainer of(Settings s) {
        Optional<String> unknown = s.optional("unk_token", Optional.empty());
        List<String> special = unknown.stream().toList();
        return new CharactersTrainer(s.vocabulary(ALL, 0, special, unknown, Optional.empty(), Optional.empty()));
    }
}
