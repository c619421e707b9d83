package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Byte-level BPE, as GPT-2's: the text's UTF-8 bytes are the letters, so there is nothing that it cannot write.
 *
 * @param vocabulary size, special tokens and so on
 * @param allBytes all 256 bytes are tokens, whether they occur or not
 * @param prefixSpace a space is put before a text that has none
 * @param pattern cuts the text into words: {@code gpt2}, {@code llama3}, or a regular expression
 * @param individualDigits every digit is a word of its own, as in SmolLM
 * @param maxTokenLength merged tokens are shorter than this, in bytes
 */
public record BpeTrainer(
        VocabularyOptions vocabulary,
        boolean allBytes,
        boolean prefixSpace,
        String pattern,
        boolean individualDigits,
        OptionalInt maxTokenLength)
        implements TokenizerTrainer {
    /** Patterns that have a name. */
    static final Map<String, String> PATTERNS = Map.of(
            "gpt2",
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            "llama3",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    public BpeTrainer {
        if (allBytes && vocabulary.size() < 256 + vocabulary.special().size()) {
            throw new UsageException("vocab_size is " + vocabulary.size() + ", less than 256 bytes and "
                    + vocabulary.special().size() + " special tokens; ask for more, or set initial_alphabet to text");
        }
        if (prefixSpace && (individualDigits || !pattern.equals("gpt2"))) {
            throw new UsageException(
                    "add_prefix_space goes with pattern gpt2 without individual_digits only: after other cuts"
                            + " every piece would get its space; leave it out");
        }
        if (individualDigits && !pattern.equals("gpt2")) {
            throw new UsageException(
                    "individual_digits goes with pattern gpt2 only; put digits into the pattern (\\p{N})");
        }
        Checks.pattern(PATTERNS.getOrDefault(pattern, pattern));
        Checks.tokenLength(maxTokenLength);
    }

    static BpeTrainer of(Settings s) {
        VocabularyOptions vocabulary =
                s.vocabulary(s.size(), s.minFrequency(2), List.of("<|endoftext|>"), Optional.empty(), Optional.empty());
        return new BpeTrainer(
                vocabulary,
                s.choice("initial_alphabet", "bytes", List.of("bytes", "text")).equals("bytes"),
                s.flag("add_prefix_space", false),
                s.text("pattern", "gpt2"),
                s.flag("individual_digits", false),
                s.optional("max_token_length", 2, 1 << 20));
    }
}
