package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Products with packed weights. Weights are decoded to exactly the numbers that their format defines, and every output is
 * summed over the columns in order by fused multiply-adds, so a row's result is the same, bit for bit, whatever rows are
 * computed with it.
 *
 * <p>Activations are taken as they are, or, where weights are kept in blocks of codes and the kernels are of the kind that
 * {@link #rounds}, as whole numbers of 16 bits: see {@code Rounding}. All kernels of a kind give the same, bit for bit. Kernels
 * that do not round give the same for quantised weights as for those widened to f32 beforehand.
 *
 * <p>Addresses are a segment and the index of a float in it; strides count floats. Nothing is allocated.
 */
public sealed interface MatrixKernels permits MachineMatrix, ScalarMatrix, VectorMatrix {
    /** Whether activations are rounded to 16 bits for weights in blocks of codes. */
    boolean rounds();

    /** Floats of scratch memory that one call of {@link #multiply} over so many rows may use. */
    long scratchFloats(PackedMatrix w, int rows);

    /**
     * {@code y[r, n] = sum over k of x[r, k] * w[n, k] (+ bias[n])} for all rows r and the outputs n of some panels: outputs
     * {@code fromPanel * 32} up to, not including, {@code toPanel * 32} (or the matrix's last). Other outputs are left
     * alone, so that threads may share the panels of one product.
     *
     * @param x {@code [rows, >= w.columns()]} from float {@code xAt}, rows {@code xStride} floats apart
     * @param y {@code [rows, >= w.rows()]} from float {@code yAt}, rows {@code yStride} floats apart; not overlapping x
     * @param add whether to add to what y holds instead of replacing it: the residual connection
     * @param input 0, or a number that no other input has had: while it is the same, x is the same where it was read before, and
     *     need not be prepared again
     * @param scratch this thread's own memory, at least {@link #scratchFloats} floats from {@code scratchAt}, best aligned to
     *     64 bytes
     */
    void multiply(
            PackedMatrix w,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int fromPanel,
            int toPanel,
            boolean add,
            long input,
            MemorySegment scratch,
            long scratchAt);
}
