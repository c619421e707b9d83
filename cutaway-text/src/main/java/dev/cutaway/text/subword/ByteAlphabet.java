package dev.cutaway.text.subword;

/**
 * GPT-2's letters for bytes: printable bytes of Latin-1 stand for themselves, the others for U+0100 and following, so that
 * any sequence of bytes is a string without spaces or control characters ({@code " "} is {@code Ġ}).
 */
public final class ByteAlphabet {
    private static final char[] LETTER = new char[256];
    private static final short[] BYTE = new short[0x180];

    static {
        java.util.Arrays.fill(BYTE, (short) -1);
        int next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            LETTER[b] = (char) (printable ? b : next++);
            BYTE[LETTER[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    /** The letter of byte {@code b} (0 to 255). */
    public static char letter(int b) {
        return LETTER[b];
    }

    /** The byte that {@code letter} stands for, or -1. */
    public static int toByte(int letter) {
        return letter < BYTE.length ? BYTE[letter] : -1;
    }
}
