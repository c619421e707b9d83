package dev.cutaway.text;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * An unmodifiable list of texts, kept as UTF-8 in one array: a vocabulary takes the bytes of its pieces and four more for each,
 * where strings would take 56. {@link #get} makes a new string every time.
 *
 * <p>A text is kept as it was given: a lone surrogate takes the three bytes that UTF-8 does not allow for it, so that it equals
 * nothing but itself.
 */
public final class PackedTexts extends AbstractList<String> implements RandomAccess {
    private final byte[] bytes;
    private final int[] starts; // of each text, and where the last ends
    private final boolean surrogates; // whether any is alone
    private final boolean empty; // whether any text is

    private PackedTexts(byte[] bytes, int[] starts, boolean surrogates, boolean empty) {
        this.empty = empty;
        this.bytes = bytes;
        this.starts = starts;
        this.surrogates = surrogates;
    }

    /** The texts of a list. */
    public static PackedTexts of(Iterable<String> texts) {
        if (texts instanceof PackedTexts packed) {
            return packed;
        }
        Builder all = new Builder(16, 256);
        texts.forEach(all::add);
        return all.build();
    }

    @Override
    public int size() {
        return starts.length - 1;
    }

    @Override
    public String get(int i) {
        int from = starts[i];
        int length = starts[i + 1] - from;
        return surrogates ? decode(from, from + length) : new String(bytes, from, length, StandardCharsets.UTF_8);
    }

    /** The UTF-8 form of all texts, one after another; not a copy. */
    public byte[] bytes() {
        return bytes;
    }

    /** Where each text begins in {@link #bytes}, and where the last one ends; not a copy. */
    public int[] starts() {
        return starts;
    }

    /** Whether a text is empty. */
    public boolean hasEmpty() {
        return empty;
    }

    private String decode(int from, int to) {
        StringBuilder out = new StringBuilder(to - from);
        for (int i = from; i < to; ) {
            int b = bytes[i] & 0xFF;
            int n = b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
            int c = n == 1 ? b : b & 0xFF >> n + 1;
            for (int k = 1; k < n; k++) {
                c = c << 6 | bytes[i + k] & 0x3F;
            }
            out.appendCodePoint(c);
            i += n;
        }
        return out.toString();
    }

    /** Whether {@code bytes[from, to)} is UTF-8. */
    static boolean isUtf8(byte[] bytes, int from, int to) {
        for (int i = from; i < to; ) {
            int lead = bytes[i++];
            if (lead < 0) {
                int n = following(lead & 0xFF, i < to ? bytes[i] & 0xFF : 0);
                if (n == 0 || n > to - i) {
                    return false;
                }
                for (; n > 0; n--) {
                    if ((bytes[i++] & 0xC0) != 0x80) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** How many bytes follow a first one; 0 if it cannot be one, or not before {@code second}. */
    private static int following(int lead, int second) {
        if (lead < 0xE0) {
            return lead < 0xC2 ? 0 : 1;
        }
        if (lead < 0xF0) {
            return lead == 0xE0 && second < 0xA0 || lead == 0xED && second >= 0xA0 ? 0 : 2;
        }
        return lead > 0xF4 || lead == 0xF0 && second < 0x90 || lead == 0xF4 && second >= 0x90 ? 0 : 3;
    }

    /** Collects texts. Small methods instead of long loops: a JVM that has just started compiles what is called often. */
    public static final class Builder {
        private byte[] bytes;
        private int[] starts;
        private int count;
        private int end;
        private boolean surrogates;
        private boolean empty;

        /** Room for about so many texts and bytes. */
        public Builder(int texts, int room) {
            starts = new int[Math.max(1, texts + 1)];
            bytes = new byte[Math.max(16, room)];
        }

        /** Adds the text in {@code from[at, at + length)}; what is not UTF-8 becomes U+FFFD. */
        public void add(byte[] from, int at, int length) {
            if (isUtf8(from, at, at + length)) {
                room(length);
                System.arraycopy(from, at, bytes, end, length);
                end += length;
                done();
            } else {
                add(new String(from, at, length, StandardCharsets.UTF_8));
            }
        }

        /** Adds a text. */
        public void add(String text) {
            int n = text.length();
            room((int) Math.min(Integer.MAX_VALUE, 3L * n));
            for (int i = 0; i < n; i++) {
                char c = text.charAt(i);
                if (c < 0x80) {
                    bytes[end++] = (byte) c;
                } else if (c < 0x800) {
                    bytes[end++] = (byte) (0xC0 | c >> 6);
                    bytes[end++] = (byte) (0x80 | c & 0x3F);
                } else if (Character.isHighSurrogate(c) && i + 1 < n && Character.isLowSurrogate(text.charAt(i + 1))) {
                    int code = Character.toCodePoint(c, text.charAt(++i));
                    bytes[end++] = (byte) (0xF0 | code >> 18);
                    bytes[end++] = (byte) (0x80 | code >> 12 & 0x3F);
                    bytes[end++] = (byte) (0x80 | code >> 6 & 0x3F);
                    bytes[end++] = (byte) (0x80 | code & 0x3F);
                } else {
                    surrogates |= Character.isSurrogate(c);
                    bytes[end++] = (byte) (0xE0 | c >> 12);
                    bytes[end++] = (byte) (0x80 | c >> 6 & 0x3F);
                    bytes[end++] = (byte) (0x80 | c & 0x3F);
                }
            }
            done();
        }

        /** Text {@code i} of those so far. */
        public String get(int i) {
            return new PackedTexts(bytes, starts, surrogates, empty).get(i);
        }

        /** Number of texts so far. */
        public int size() {
            return count;
        }

        private void room(int more) {
            if (more > bytes.length - end) {
                long wanted = Math.max((long) end + more, bytes.length + (bytes.length >> 1));
                if ((long) end + more > Integer.MAX_VALUE - 16) {
                    throw new IllegalArgumentException("texts of more than two gigabytes");
                }
                bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, Integer.MAX_VALUE - 16));
            }
        }

        private void done() {
            if (++count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
            }
            starts[count] = end;
            empty |= starts[count - 1] == end;
        }

        /** The list; nothing may be added afterwards. */
        public PackedTexts build() {
            boolean tight = bytes.length - end <= end >> 3;
            return new PackedTexts(
                    tight ? bytes : Arrays.copyOf(bytes, end),
                    starts.length == count + 1 ? starts : Arrays.copyOf(starts, count + 1),
                    surrogates,
                    empty);
        }
    }
}
