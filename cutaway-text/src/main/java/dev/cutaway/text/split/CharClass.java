package dev.cutaway.text.split;

/** The classes of characters that pre-tokenizer patterns speak of, in one table lookup for the basic plane. Most texts
 * need the first 256 characters only: the table of all is made when another one comes. */
public final class CharClass {
    /** Anything else. */
    public static final int OTHER = 0;
    /** {@code \p{L}}. */
    public static final int LETTER = 1;
    /** {@code \p{N}}. */
    public static final int NUMBER = 2;
    /** {@code \s}. */
    public static final int SPACE = 3;
    /** {@code \p{M}}. */
    public static final int MARK = 4;

    private static final byte[] FIRST = table(0x100);

    /** Made when it is first used. */
    private static final class Plane {
        static final byte[] TABLE = table(0x10000);

        private Plane() {}
    }

    private static byte[] table(int size) {
        byte[] table = new byte[size];
        for (int c = 0; c < size; c++) {
            table[c] = (byte) compute(c);
        }
        return table;
    }

    private CharClass() {}

    private static int compute(int c) {
        if (isSpace(c)) {
            return SPACE;
        }
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> MARK;
            default -> OTHER;
        };
    }

    /** The class of a character. */
    public static int of(int codePoint) {
        return codePoint < 0x100 ? FIRST[codePoint] : codePoint < 0x10000 ? Plane.TABLE[codePoint] : compute(codePoint);
    }

    /** Unicode's property White_Space. */
    public static boolean isSpace(int c) {
        return c <= 0x20
                ? c == 0x20 || (c >= 0x09 && c <= 0x0D)
                : c >= 0x85
                        && (c == 0x85
                                || c == 0xA0
                                || c == 0x1680
                                || (c >= 0x2000 && c <= 0x200A)
                                || c == 0x2028
                                || c == 0x2029
                                || c == 0x202F
                                || c == 0x205F
                                || c == 0x3000);
    }
}
