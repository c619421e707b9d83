package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.Optional;

/**
 * Unigram, as SentencePiece's (Kudo, arXiv 1804.10959): spaces become U+2581, and of all ways to write a word the most probable is
 * taken.
 *
 * @param vocabulary size, special tokens and so on; an unknown token is needed
 * @param normalizer {@code nfkc}, {@code nmt_nfkc} (line ends become spaces, runs of spaces one), {@code nfc} or {@code none}
 * @param lowercase lower case
 * @param prependScheme where U+2581 is put before a text that has no space there: {@code always}, {@code first} or {@code never}
 * @param maxPieceLength characters of a piece
 * @param seedSize most pieces to begin with
 * @param shrinkingFactor share of the pieces that each round keeps
 * @param subIterations expectation and maximisation in each round
 */
public record UnigramTrainer(
        VocabularyOptions vocabulary,
        String normalizer,
        boolean lowercase,
        String prependScheme,
        int maxPieceLength,
        int seedSize,
        double shrinkingFactor,
        int subIterations)
        implements TokenizerTrainer {
    public UnigramTrainer {
        Checks.among("normalizer", normalizer, Checks.NORMALIZERS);
        Checks.among("prepend_scheme", prependScheme, Checks.SCHEMES);
        if (vocabulary.unknown().isEmpty()) {
            throw new UsageException("unigram needs an unk_token; name one of special_tokens");
        }
        if (maxPieceLength < 1 || maxPieceLength > 1000) {
            throw new UsageException("max_piece_length is " + maxPieceLength + ", expected 1 to 1000");
        }
        if (seedSize < 1 || subIterations < 1) {
            throw new UsageException("seed_size is " + seedSize + " and n_sub_iterations " + subIterations
                    + "; both must be at least 1");
        }
        if (!(shrinkingFactor > 0 && shrinkingFactor < 1)) {
            throw new UsageException("shrinking_factor is " + shrinkingFactor + ", expected between 0 and 1");
        }
    }

    static UnigramTrainer of(Settings s) {
        VocabularyOptions vocabulary = s.vocabulary(
                s.size(),
                0,
                List.of("<unk>", "<s>", "</s>"),
                Optional.of(s.text("unk_token", "<unk>")),
                Optional.empty(),
                Optional.empty());
        return new UnigramTrainer(
                vocabulary,
                s.choice("normalizer", "nfkc", Checks.NORMALIZERS),
                s.flag("lowercase", false),
                s.choice("prepend_scheme", "always", Checks.SCHEMES),
                s.integer("max_piece_length", 16, 1, 1000),
                s.integer("seed_size", 1_000_000, 1, 16_000_000),
                s.number("shrinking_factor", 0.75, 0, 1),
                s.integer("n_sub_iterations", 2, 1, 1000));
    }
}
