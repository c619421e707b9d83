package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Makes a tokenizer from text. Each kind is a record of its settings; {@link #of} makes them from names and values.
 *
 * <p>Vocabulary and merges are those that Hugging Face's {@code tokenizers} makes of the same texts, wherever these are determined
 * there, and the result is written as that library's {@code tokenizer.json}. It depends on the texts and the
 * settings only: not on their order, nor on the number of threads, nor on chance.
 *
 * <p>A text is a document, a line or whatever should be encoded on its own. Special tokens inside a text ({@code <|endoftext|>}
 * between documents, say) are trained on like other text, there and here: give the documents one by one.
 */
public sealed interface TokenizerTrainer
        permits BpeTrainer, WordPieceTrainer, UnigramTrainer, SentencePieceBpeTrainer, WordsTrainer, CharactersTrainer {
    /** The names that {@link #of} knows. */
    List<String> KINDS = List.of("bpe", "wordpiece", "unigram", "sentencepiece-bpe", "words", "characters");

    /**
     * The trainer of a kind. Options that are left out have their defaults; sizes are whole numbers, flags booleans, lists of tokens
     * lists of strings.
     *
     * <p>All but {@code characters}: {@code vocab_size} (8000), {@code min_frequency} (2; not unigram; words: 1). All:
     * {@code special_tokens}, the first ids; {@code begin} and {@code end}, special tokens put before and after each text.
     *
     * <ul>
     *   <li>{@code bpe}, byte-level as GPT-2: {@code special_tokens} ({@code <|endoftext|>}), {@code initial_alphabet} ({@code bytes}: all 256; {@code
     *       text}: those that occur), {@code add_prefix_space} (false), {@code pattern} ({@code gpt2}, {@code llama3} or a regular expression),
     *       {@code individual_digits} (false; true as in SmolLM), {@code max_token_length}
     *   <li>{@code wordpiece}, as BERT: {@code special_tokens} ({@code [PAD] [UNK] [CLS] [SEP] [MASK]}), {@code unk_token}
     *       ({@code [UNK]}), {@code begin} ({@code [CLS]}), {@code end} ({@code [SEP]}), {@code lowercase} (true), {@code strip_accents} (as
     *       lowercase), {@code clean_text} (true), {@code handle_chinese_chars} (true), {@code limit_alphabet} (1000)
     *   <li>{@code unigram}, as SentencePiece: {@code special_tokens} ({@code <unk> <s> </s>}), {@code unk_token} ({@code
     *       <unk>}), {@code normalizer} ({@code nfkc}, {@code nmt_nfkc}, {@code nfc}, {@code none}), {@code lowercase} (false),
     *       {@code prepend_scheme} ({@code always}, {@code first}, {@code never}), {@code max_piece_length} (16), {@code seed_size}
     *       (1000000), {@code shrinking_factor} (0.75), {@code n_sub_iterations} (2)
     *   <li>{@code sentencepiece-bpe}: as unigram up to {@code prepend_scheme}, {@code limit_alphabet} (1000), {@code max_token_length}
     *   <li>{@code words}: {@code pattern} (<code>\w+|[^\w\s]+</code>), every distinct match of which is a token; {@code
     *       special_tokens} ({@code <unk>}), {@code unk_token} ({@code <unk>}, or null for none), {@code lowercase} (false)
     *   <li>{@code characters}: all that occur, sorted; {@code special_tokens} (none), {@code unk_token} (null: none)
     * </ul>
     *
     * @throws UsageException if the kind or an option is not known, naming the nearest one, or a value is wrong
     */
    static TokenizerTrainer of(String kind, Map<String, ?> options) {
        Settings s = new Settings(kind, options);
        TokenizerTrainer trainer = switch (kind) {
            case "bpe" -> BpeTrainer.of(s);
            case "wordpiece" -> WordPieceTrainer.of(s);
            case "unigram" -> UnigramTrainer.of(s);
            case "sentencepiece-bpe" -> SentencePieceBpeTrainer.of(s);
            case "words" -> WordsTrainer.of(s);
            case "characters" -> CharactersTrainer.of(s);
            default ->
                throw new UsageException("tokenizer kind " + kind + " is not known; the nearest is "
                        + Nearest.of(kind, KINDS) + " (kinds: " + String.join(", ", KINDS) + ")");
        };
        s.finish();
        return trainer;
    }

    /** What all kinds are told. */
    VocabularyOptions vocabulary();

    /** Trains on all processors. The texts are read once and not kept. */
    default TrainedTokenizer train(Iterator<String> texts, TokenizerProgress progress) {
        return train(texts, progress, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Trains on so many threads, which do not change the result.
     *
     * @throws dev.cutaway.tensor.BadInputException if the texts have no words, or more characters than the vocabulary has room for
     */
    default TrainedTokenizer train(Iterator<String> texts, TokenizerProgress progress, int threads) {
        if (threads < 1) {
            throw new UsageException("tokenizer training: " + threads + " threads; at least 1 is needed");
        }
        try (Workers workers = new Workers(threads)) {
            return new Training(this, workers, progress).run(texts);
        }
    }
}
