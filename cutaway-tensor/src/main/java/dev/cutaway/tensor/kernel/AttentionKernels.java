package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Scaled dot-product attention (Vaswani et al. 2017) of one group of heads over the keys and values of one sequence: a cache,
 * or all rows of an encoder. Scores are softmaxed in two passes; a row's result is the same, bit for bit, whatever rows are
 * computed with it. Nothing is allocated.
 *
 * <p>Keys are kept in panels of {@link #KEYS}, so that lanes are keys: {@code [key / 16][headSize][key % 16]}. Values are
 * plain rows. Both are 32-bit floats, or 16-bit floats ({@link AttentionShape#halves}) that are widened where they are read. Memory of keys and values that were never stored must be finite (zeros); it does not influence results.
 */
public sealed interface AttentionKernels permits MachineAttention, ScalarAttention, VectorAttention {
    /** Keys of a panel. */
    int KEYS = 16;

    /** Elements that so many keys take: whole panels. */
    static long keyFloats(int keys, int headSize) {
        return (keys + KEYS - 1L) / KEYS * KEYS * headSize;
    }

    /** Stores one key {@code [headSize]} as number {@code index} of the key panels that start at element {@code panelsAt}. */
    static void storeKey(
            MemorySegment key,
            long keyAt,
            MemorySegment panels,
            long panelsAt,
            int index,
            int headSize,
            boolean halves) {
        long at = panelsAt + (long) (index / KEYS) * KEYS * headSize + index % KEYS;
        if (halves) {
            for (int d = 0; d < headSize; d++) {
                Floats.setHalf(panels, at + (long) d * KEYS, Floats.get(key, keyAt + d));
            }
        } else {
            for (int d = 0; d < headSize; d++) {
                Floats.set(panels, at + (long) d * KEYS, Floats.get(key, keyAt + d));
            }
        }
    }

    /** Reads one key {@code [headSize]} back. */
    static void loadKey(
            MemorySegment panels,
            long panelsAt,
            int index,
            int headSize,
            boolean halves,
            MemorySegment key,
            long keyAt) {
        long at = panelsAt + (long) (index / KEYS) * KEYS * headSize + index % KEYS;
        for (int d = 0; d < headSize; d++) {
            Floats.set(key, keyAt + d, Floats.kept(panels, at + (long) d * KEYS, halves));
        }
    }

    /** Stores one value {@code [valueSize]} from element {@code at} on. */
    static void storeValue(
            MemorySegment value, long valueAt, MemorySegment values, long at, int valueSize, boolean halves) {
        if (halves) {
            for (int d = 0; d < valueSize; d++) {
                Floats.setHalf(values, at + d, Floats.get(value, valueAt + d));
            }
        } else {
            MemorySegment.copy(value, 4 * valueAt, values, 4 * at, 4L * valueSize);
        }
    }

    /** Reads one value {@code [valueSize]} back. */
    static void loadValue(
            MemorySegment values, long at, int valueSize, boolean halves, MemorySegment value, long valueAt) {
        for (int d = 0; d < valueSize; d++) {
            Floats.set(value, valueAt + d, Floats.kept(values, at + d, halves));
        }
    }

    /** How this implementation computes a row's result in parts, if it can. */
    default Optional<KeyBlocks> keyBlocks() {
        return Optional.empty();
    }

    /** Floats of scratch memory that one call over so many keys uses; 64-byte aligned is best. */
    long scratchFloats(AttentionShape shape, int keys);

    /**
     * {@code out[i, h] = softmax over the keys that row i sees of (scale * q[i, h] . k[key]) times v[key]}.
     *
     * @param q {@code [rows, heads, headSize]} from float {@code qAt}: this group's heads side by side, rows {@code qStride}
     *     floats apart
     * @param k key panels of this key head from element {@code kAt}, see {@link #storeKey}
     * @param v {@code [keys, valueSize]} from element {@code vAt}, rows {@code vStride} elements apart
     * @param keys how many keys and values there are
     * @param position the position of the first row among the keys (its own key's index where there is one)
     * @param out {@code [rows, heads, valueSize]}, rows {@code outStride} floats apart; not overlapping the inputs
     * @param scratch this thread's own memory, see {@link #scratchFloats}
     */
    void attend(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            long qStride,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int rows,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt);

    /**
     * As {@link #attend}, with something added to every scaled score before the softmax (and before a soft cap): T5's
     * relative positions, ALiBi, or a mask of its own.
     *
     * @param bias {@code [head, row, key]}: heads {@code biasHeadStride}, rows {@code biasRowStride} floats apart
     */
    void attendBiased(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            long qStride,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int rows,
            MemorySegment out,
            long outAt,
            long outStride,
            MemorySegment scratch,
            long scratchAt,
            MemorySegment bias,
            long biasAt,
            long biasHeadStride,
            long biasRowStride);
}
