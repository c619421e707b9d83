package dev.cutaway.text.train;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.split.Regex;
import java.util.List;
import java.util.OptionalInt;

/** Checks that several kinds need. */
final class Checks {
    static final List<String> NORMALIZERS = List.of("nfkc", "nmt_nfkc", "nfc", "none");
    static final List<String> SCHEMES = List.of("always", "first", "never");

    private Checks() {}

    static void pattern(String pattern) {
        try {
            Regex.of(pattern, "pattern");
        } catch (BadInputException e) {
            throw new UsageException(e.getMessage(), e);
        }
    }

    static void tokenLength(OptionalInt length) {
        if (length.isPresent() && length.getAsInt() < 2) {
            throw new UsageException("max_token_length is " + length.getAsInt() + ", expected 2 or more");
        }
    }

    static void limit(int limitAlphabet) {
        if (limitAlphabet < 1) {
            throw new UsageException("limit_alphabet is " + limitAlphabet + ", expected 1 or more");
        }
    }

    static void among(String name, String given, List<String> choices) {
        if (!choices.contains(given)) {
            throw new UsageException(name + " is " + given + ", expected one of " + String.join(", ", choices));
        }
    }
}
