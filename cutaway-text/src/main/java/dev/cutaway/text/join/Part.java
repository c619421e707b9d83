package dev.cutaway.text.join;

import java.util.Arrays;
import java.util.Map;

/**
 * Tokens of one text, or special tokens put between texts; arrays run in parallel.
 *
 * @param ids token ids
 * @param starts first byte of the original text
 * @param ends byte after the last
 * @param type token type id
 * @param sequence 0 or 1 for the tokens of the first or second text, -1 for tokens that were added
 * @param spaces by position, white space that added tokens took
 */
@SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
public record Part(int[] ids, int[] starts, int[] ends, int type, int sequence, Map<Integer, Spaces> spaces) {
    public Part {
        spaces = Map.copyOf(spaces);
    }

    /** White space that an added token took from the text beside it, in characters. */
    public record Spaces(int leading, int trailing) {}

    /** Special tokens; they stand for no bytes. */
    public static Part special(int type, int... ids) {
        return new Part(ids, new int[ids.length], new int[ids.length], type, -1, Map.of());
    }

    /** The same tokens with another type. */
    public Part withType(int newType) {
        return new Part(ids, starts, ends, newType, sequence, spaces);
    }

    /** A copy whose offsets may be changed. */
    public Part copy() {
        return new Part(
                ids, Arrays.copyOf(starts, starts.length), Arrays.copyOf(ends, ends.length), type, sequence, spaces);
    }
}
