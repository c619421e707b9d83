package dev.cutaway.text.normal;

/**
 * A text on its way through normalisation that still knows where each of its characters came from.
 *
 * <p>{@code start[i]} and {@code end[i]} bound, in UTF-8 bytes of the text the user gave, what the UTF-16 unit {@code i} of
 * {@link #text()} stands for; both halves of a surrogate pair carry the bounds of the whole character. A character that a
 * step put in (a dummy space, the second half of a decomposition) has the bounds of its neighbour, as in Hugging Face's
 * {@code NormalizedString}, so that offsets agree with that library.
 *
 * @param text the text as it is now
 * @param start first byte of the original, for each UTF-16 unit
 * @param end byte after the last of the original, for each UTF-16 unit
 * @param base byte of the original where this piece of text begins
 */
@SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
public record AlignedText(String text, int[] start, int[] end, int base) {

    /** A text that nothing has touched yet and that begins at byte {@code base} of the original. */
    public static AlignedText of(String text, int base) {
        int n = text.length();
        int[] start = new int[n];
        int[] end = new int[n];
        int at = base;
        for (int i = 0; i < n; i++) {
            char c = text.charAt(i);
            int bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            if (Character.isHighSurrogate(c)) {
                start[i] = at;
                end[i] = at + 4;
                i++;
                bytes = 4;
            }
            start[i] = at;
            at += bytes;
            end[i] = at;
        }
        return new AlignedText(text, start, end, base);
    }

    /** The part from UTF-16 unit {@code from} to {@code to}. */
    public AlignedText slice(int from, int to) {
        if (from == 0 && to == text.length()) {
            return this;
        }
        int begin = from < to ? start[from] : base;
        return new AlignedText(
                text.substring(from, to),
                java.util.Arrays.copyOfRange(start, from, to),
                java.util.Arrays.copyOfRange(end, from, to),
                begin);
    }

    /** Number of UTF-16 units. */
    public int length() {
        return text.length();
    }

    /** Whether nothing is left. */
    public boolean isEmpty() {
        return text.isEmpty();
    }
}
