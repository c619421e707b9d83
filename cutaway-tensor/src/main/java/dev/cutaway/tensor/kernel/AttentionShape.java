package dev.cutaway.tensor.kernel;

/**
 * What the heads of one group (those that share a key and value head) have in common.
 *
 * @param heads query heads of the group
 * @param headSize elements of a query and of a key
 * @param valueSize elements of a value and of a result
 * @param scale what dot products are multiplied by, usually {@code 1 / sqrt(headSize)}
 * @param softCap scores become {@code softCap * tanh(score / softCap)}; 0 for none
 * @param before how many keys before its own position a query sees; {@link #ALL} for all, w - 1 for a window of w
 * @param after how many keys after its own position a query sees; 0 for causal attention, {@link #ALL} for all
 * @param halves whether keys and values are kept as 16-bit floats, and not of 32 bits
 */
public record AttentionShape(
        int heads, int headSize, int valueSize, float scale, float softCap, int before, int after, boolean halves) {
    /** No limit to the keys that a query sees on one side. */
    public static final int ALL = 1 << 30;

    /** Checks the sizes. */
    public AttentionShape {
        if (heads < 1 || headSize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("attention over " + heads + " heads of " + headSize + " and " + valueSize
                    + " elements: at least 1 each");
        }
        if (before < 0 || before > ALL || after < 0 || after > ALL) {
            throw new IllegalArgumentException(
                    "attention sees " + before + " keys before and " + after + " after: from 0 to " + ALL);
        }
        if (!(softCap >= 0)) {
            throw new IllegalArgumentException("soft cap " + softCap + ": 0 (none) or more");
        }
    }

    /** Of keys and values that are kept as 32-bit floats. */
    public AttentionShape(int heads, int headSize, int valueSize, float scale, float softCap, int before, int after) {
        this(heads, headSize, valueSize, scale, softCap, before, after, false);
    }

    /** Causal attention to all earlier keys, values as long as keys, scores divided by the root of the head size. */
    public static AttentionShape causal(int heads, int headSize) {
        return new AttentionShape(heads, headSize, headSize, (float) (1 / Math.sqrt(headSize)), 0, ALL, 0);
    }

    /** Attention to all keys, before and after. */
    public static AttentionShape full(int heads, int headSize) {
        return new AttentionShape(heads, headSize, headSize, (float) (1 / Math.sqrt(headSize)), 0, ALL, ALL);
    }

    /** The same with another number of heads. */
    public AttentionShape withHeads(int other) {
        return new AttentionShape(other, headSize, valueSize, scale, softCap, before, after, halves);
    }

    /** The same with keys and values kept as 16-bit floats, or not. */
    public AttentionShape withHalves(boolean other) {
        return new AttentionShape(heads, headSize, valueSize, scale, softCap, before, after, other);
    }

    /** Bytes of an element of a key or a value, as it is kept. */
    public int keptBytes() {
        return halves ? 2 : 4;
    }

    /** The first key that the query at a position sees. */
    public int firstKey(int position) {
        return Math.max(0, position - before);
    }

    /** The last of so many keys that the query at a position sees. */
    public int lastKey(int position, int keys) {
        return (int) Math.min(keys - 1L, (long) position + after);
    }
}
