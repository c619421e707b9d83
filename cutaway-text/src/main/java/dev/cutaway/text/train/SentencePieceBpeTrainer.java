package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * BPE over characters, as SentencePiece's: spaces become U+2581.
 *
 * @param vocabulary size, special tokens and so on; an unknown token is needed
 * @param normalizer {@code nfkc}, {@code nmt_nfkc} (line ends become spaces, runs of spaces one), {@code nfc} or {@code none}
 * @param lowercase lower case
 * @param prependScheme where U+2581 is put before a text that has no space there: {@code always}, {@code first} or {@code never}
 * @param limitAlphabet of more different characters the rarest become no tokens
 * @param maxTokenLength merged tokens are shorter than this, in characters
 */
public record SentencePieceBpeTrainer(
        VocabularyOptions vocabulary,
        String normalizer,
        boolean lowercase,
        String prependScheme,
        int limitAlphabet,
        OptionalInt maxTokenLength)
        implements TokenizerTrainer {
    public SentencePieceBpeTrainer {
        Checks.among("normalizer", normalizer, Checks.NORMALIZERS);
        Checks.among("prepend_scheme", prependScheme, Checks.SCHEMES);
        Checks.limit(limitAlphabet);
        Checks.tokenLength(maxTokenLength);
        if (vocabulary.unknown().isEmpty()) {
            throw new UsageException("sentencepiece-bpe needs an unk_token; name one of special_tokens");
        }
    }

    static SentencePieceBpeTrainer of(Settings s) {
        VocabularyOptions vocabulary = s.vocabulary(
                s.size(),
                s.minFrequency(2),
                List.of("<unk>", "<s>", "</s>"),
                Optional.of(s.text("unk_token", "<unk>")),
                Optional.empty(),
                Optional.empty());
        return new SentencePieceBpeTrainer(
                vocabulary,
                s.choice("normalizer", "nfkc", Checks.NORMALIZERS),
                s.flag("lowercase", false),
                s.choice("prepend_scheme", "always", Checks.SCHEMES),
                s.integer("limit_alphabet", 1000, 1, 0x110000),
                s.optional("max_token_length", 2, 1 << 20));
    }
}
