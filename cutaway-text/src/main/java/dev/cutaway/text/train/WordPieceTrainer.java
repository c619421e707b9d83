package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.Optional;

/**
 * WordPiece, as BERT's: words are cut at spaces and punctuation, pieces that do not begin a word begin with {@code ##}. The pieces are
 * found by merging, as in BPE, which is what Hugging Face's trainer does (Google's own was never published).
 *
 * @param vocabulary size, special tokens and so on; an unknown token is needed
 * @param limitAlphabet of more different characters the rarest become no tokens
 * @param lowercase lower case
 * @param stripAccents accents off
 * @param cleanText control characters off, all white space made spaces
 * @param spaceChinese every CJK character is a word of its own
 */
public record WordPieceTrainer(
        VocabularyOptions vocabulary,
        int limitAlphabet,
        boolean lowercase,
        boolean stripAccents,
        boolean cleanText,
        boolean spaceChinese)
        implements TokenizerTrainer {
    public WordPieceTrainer {
        Checks.limit(limitAlphabet);
        if (vocabulary.unknown().isEmpty()) {
            throw new UsageException("wordpiece needs an unk_token; name one of special_tokens");
        }
    }

    static WordPieceTrainer of(Settings s) {
        VocabularyOptions vocabulary = s.vocabulary(
                s.size(),
                s.minFrequency(2),
                List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
                Optional.of(s.text("unk_token", "[UNK]")),
                Optional.of("[CLS]"),
                Optional.of("[SEP]"));
        boolean lowercase = s.flag("lowercase", true);
        return new WordPieceTrainer(
                vocabulary,
                s.integer("limit_alphabet", 1000, 1, 0x110000),
                lowercase,
                s.flag("strip_accents", lowercase),
                s.flag("clean_text", true),
                s.flag("handle_chinese_chars", true));
    }
}
