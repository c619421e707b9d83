package dev.cutaway.text.join;

import java.nio.charset.StandardCharsets;

/**
 * Bytes in, text out, never half a character: the bytes of an unfinished character wait for the rest. Malformed bytes
 * become U+FFFD, one for each longest beginning of a character, as Rust's {@code from_utf8_lossy} and the WHATWG standard do.
 */
public final class Utf8Stream {
    private byte[] held = new byte[64];
    private int count;

    /** Adds bytes and gives the text that is complete. */
    public String add(byte[] bytes) {
        if (count + bytes.length > held.length) {
            held = java.util.Arrays.copyOf(held, 2 * (count + bytes.length));
        }
        System.arraycopy(bytes, 0, held, count, bytes.length);
        count += bytes.length;
        int whole = complete(held, count);
        String text = new String(held, 0, whole, StandardCharsets.UTF_8);
        System.arraycopy(held, whole, held, 0, count - whole);
        count -= whole;
        return text;
    }

    /** Gives what is left, malformed as it may be. */
    public String finish() {
        String text = new String(held, 0, count, StandardCharsets.UTF_8);
        count = 0;
        return text;
    }

    /** How many of the first {@code n} bytes do not belong to a character that may still be completed. */
    static int complete(byte[] b, int n) {
        for (int back = 1; back <= Math.min(3, n); back++) {
            int c = b[n - back] & 0xFF;
            if (c >= 0xC0) {
                return couldGrow(b, n - back, n) ? n - back : n;
            }
            if (c < 0x80) {
                return n;
            }
        }
        return n;
    }

    /** Whether the bytes from a leading byte to the end are the valid beginning of a longer character. */
    private static boolean couldGrow(byte[] b, int from, int n) {
        int lead = b[from] & 0xFF;
        int length = lead >= 0xC2 && lead <= 0xDF
                ? 2
                : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
        if (n - from >= length) {
            return false;
        }
        if (n - from == 1) {
            return true;
        }
        int second = b[from + 1] & 0xFF;
        int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        return second >= low && second <= high;
    }
}
