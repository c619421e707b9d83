package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Attention of one row in parts: each takes some blocks of the keys that the row sees, on any thread, and the parts are merged in
 * order. Results are those of {@link AttentionKernels#attend}, bit for bit.
 */
public sealed interface KeyBlocks permits MachineAttention {
    /** Blocks of keys that one row sees; 0 if this shape is not computed in parts. */
    int blocks(AttentionShape shape, int keys, int position);

    /** Floats that all parts of one row take, of all heads of the group and so many blocks. */
    long partFloats(AttentionShape shape, int blocks);

    /**
     * The shares of blocks {@code fromBlock} to {@code toBlock} (counted from the first that the row sees) in the result of one
     * row, for {@link #merge}. Arguments as in {@link AttentionKernels#attend}.
     *
     * @param parts memory for the parts of all blocks, see {@link #partFloats}
     */
    void part(
            AttentionShape shape,
            MemorySegment q,
            long qAt,
            MemorySegment k,
            long kAt,
            MemorySegment v,
            long vAt,
            long vStride,
            int keys,
            int position,
            int fromBlock,
            int toBlock,
            MemorySegment parts,
            long partsAt,
            MemorySegment scratch,
            long scratchAt);

    /** The result of one row from the parts of all blocks, which are used up. */
    void merge(
            AttentionShape shape,
            int keys,
            int position,
            MemorySegment parts,
            long partsAt,
            MemorySegment out,
            long outAt);
}
