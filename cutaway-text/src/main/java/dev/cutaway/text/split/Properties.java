package dev.cutaway.text.split;

/** Classes of characters that tokenizers speak of and {@link Character} does not have. */
public final class Properties {
    private Properties() {}

    /** ASCII punctuation, symbols included, and Unicode's P classes. */
    public static boolean isPunctuation(int c) {
        if (c < 0x80) {
            return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
        }
        return UnicodeDifferences.isPunctuation(c);
    }

    /** {@code \w} of Rust's regular expressions: letters, marks, decimal digits, connectors, joiners. */
    public static boolean isWord(int c) {
        return Character.isAlphabetic(c)
                || CharClass.of(c) == CharClass.MARK
                || Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER
                || Character.getType(c) == Character.CONNECTOR_PUNCTUATION
                || c == 0x200C
                || c == 0x200D;
    }
}
