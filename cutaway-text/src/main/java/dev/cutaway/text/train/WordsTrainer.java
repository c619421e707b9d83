package dev.cutaway.text.train;

import java.util.Optional;

/**
 * Words: every distinct match of a regular expression is a token, those that occur most often first, of equal ones in the order of
 * their letters. What lies between matches is dropped, and texts are joined with spaces again.
 *
 * @param vocabulary size, special tokens and so on
 * @param pattern the regular expression
 * @param lowercase lower case
 */
public record WordsTrainer(VocabularyOptions vocabulary, String pattern, boolean lowercase)
        implements TokenizerTrainer {
    public WordsTrainer {
        Checks.pattern(pattern);
    }

    static WordsTrainer of(Settings s) {
        Optional<String> unknown = s.optional("unk_token", Optional.of("<unk>"));
        VocabularyOptions vocabulary = s.vocabulary(
                s.size(), s.minFrequency(1), unknown.stream().toList(), unknown, Optional.empty(), Optional.empty());
        return new WordsTrainer(vocabulary, s.text("pattern", "\\w+|[^\\w\\s]+"), s.flag("lowercase", false));
    }
}
