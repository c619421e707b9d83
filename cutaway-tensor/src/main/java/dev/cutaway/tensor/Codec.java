package dev.cutaway.tensor;

import java.lang.foreign.MemorySegment;

/**
 * Reads and writes one dtype, element by element: the plain reference that fast kernels are tested against. Ranges count
 * elements in row-major order; those of quantised types start and end at block boundaries.
 */
public abstract sealed class Codec permits PlainCodecs.Plain, BlockCodec {
    private final DType dtype;

    Codec(DType dtype) {
        this.dtype = dtype;
    }

    /** The dtype this reads and writes. */
    public final DType dtype() {
        return dtype;
    }

    /** Widens {@code count} elements from element {@code from} into {@code out[at..]}. */
    public abstract void decode(MemorySegment data, long from, float[] out, int at, int count);

    /** Rounds or quantises {@code in[at .. at + count]} into the elements from {@code to}. */
    public abstract void encode(float[] in, int at, int count, MemorySegment data, long to);

    /** One element, widened; the same float that {@link #decode} gives. */
    public abstract float get(MemorySegment data, long element);

    /** Sets one element of a plain type. */
    abstract void set(MemorySegment data, long element, float value);

    /** One element with its block taken apart. */
    public abstract QuantBlock describe(MemorySegment data, long element);

    final void checkBlocks(long from, int count) {
        if (from % dtype.blockSize() != 0 || count % dtype.blockSize() != 0 || count < 0) {
            throw new IllegalArgumentException("elements " + from + " to " + (from + count)
                    + " do not fill whole blocks of " + dtype.blockSize() + " (" + dtype.label() + ")");
        }
    }
}
