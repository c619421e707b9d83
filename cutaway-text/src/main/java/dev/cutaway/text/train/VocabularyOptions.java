package dev.cutaway.text.train;

import dev.cutaway.tensor.UsageException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * What all kinds of tokenizers are told.
 *
 * @param size most tokens, special ones included; fewer if the text has no more
 * @param minFrequency what occurs less often becomes no token (a merge for BPE and WordPiece, a word for words)
 * @param special special tokens, which get the first ids
 * @param unknown the special token for what is in no token, if there is one
 * @param begin the special token that is put before each text, if any
 * @param end the special token that is put after each text, if any
 */
public record VocabularyOptions(
        int size,
        long minFrequency,
        List<String> special,
        Optional<String> unknown,
        Optional<String> begin,
        Optional<String> end) {
    private static final int LARGEST = 16_000_000;

    public VocabularyOptions {
        special = List.copyOf(special);
        if (size < 1 || size > LARGEST) {
            throw new UsageException("vocab_size is " + size + ", expected 1 to " + LARGEST);
        }
        if (minFrequency < 0) {
            throw new UsageException("min_frequency is " + minFrequency + ", expected 0 or more");
        }
        if (special.size() >= size) {
            throw new UsageException("vocab_size is " + size + ", which leaves no room beside " + special.size()
                    + " special tokens; ask for more");
        }
        HashSet<String> seen = new HashSet<>();
        for (String token : special) {
            if (token.isEmpty() || !seen.add(token)) {
                throw new UsageException("special_tokens has " + (token.isEmpty() ? "an empty token" : token + " twice")
                        + "; give each token once");
            }
        }
        within(special, "unk_token", unknown);
        within(special, "begin", begin);
        within(special, "end", end);
    }

    private static void within(List<String> special, String name, Optional<String> token) {
        if (token.isPresent() && !special.contains(token.get())) {
            throw new UsageException(
                    name + " is " + token.get() + ", which is not in special_tokens " + special + "; add it there");
        }
    }
}
