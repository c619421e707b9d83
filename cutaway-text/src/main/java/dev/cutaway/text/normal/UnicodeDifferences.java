package dev.cutaway.text.normal;

import java.text.Normalizer;

/**
 * Where the JDK's Unicode is newer than the one that tokenizers were made with: characters that gained a decomposition or a
 * lower case since. A tokenizer must treat them as its vocabulary's makers did, so they stay as they are.
 */
final class UnicodeDifferences {
    private UnicodeDifferences() {}

    /** Whether a character stays whole although the JDK would decompose it. */
    static boolean keeps(int codePoint, Normalizer.Form form) {
        return false;
    }

    /** The lower case of a character. */
    static int lower(int codePoint) {
        return Character.toLowerCase(codePoint);
    }
}
