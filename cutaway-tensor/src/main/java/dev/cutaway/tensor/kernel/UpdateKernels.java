package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What optimisers do to weights: functions of single elements, in place, for elements {@code from} up to, not including, {@code to}, so
 * that threads may share a weight. All kinds of kernels give the same, bit for bit, wherever the pieces are cut. In all of them the
 * gradient is multiplied by {@code clip} first, and the weight by {@code keep} (1, or less with weight decay). Segments hold floats.
 */
public sealed interface UpdateKernels permits MachineUpdates, ScalarUpdates, VectorUpdates {
    /** Elements whose squares {@link #squares} adds side by side. */
    int LANES = 16;

    /**
     * What a step of AdamW is made of: {@code mean = beta1 mean + rest1 d}, {@code square = beta2 square + rest2 d d},
     * {@code w = keep w - size mean / (sqrt(square) root + eps)}, where {@code d = clip g}.
     */
    record Adam(
            float clip,
            float keep,
            float beta1,
            float rest1,
            float beta2,
            float rest2,
            float size,
            float root,
            float eps) {}

    /** A step of AdamW (Loshchilov and Hutter, arXiv 1711.05101). */
    void adamW(
            MemorySegment w,
            MemorySegment g,
            MemorySegment mean,
            MemorySegment square,
            long from,
            long to,
            Adam constants);

    /** {@code w = keep w - rate clip g}. */
    void descend(MemorySegment w, MemorySegment g, long from, long to, float clip, float keep, float rate);

    /** {@code kept = momentum kept + clip g}, {@code w = keep w - rate kept}. */
    void momentum(
            MemorySegment w,
            MemorySegment g,
            MemorySegment kept,
            long from,
            long to,
            float clip,
            float keep,
            float rate,
            float momentum);

    /**
     * What a step of Lion is made of: {@code w = keep w - rate sign(beta1 mean + rest1 d)}, {@code mean = beta2 mean + rest2 d}, where
     * {@code d = clip g}.
     */
    record Lion(float clip, float keep, float rate, float beta1, float rest1, float beta2, float rest2) {}

    /** A step of Lion (Chen et al., arXiv 2302.06675, algorithm 2). */
    void lion(MemorySegment w, MemorySegment g, MemorySegment mean, long from, long to, Lion constants);

    /** {@code average = average + share (x - average)}. */
    void average(MemorySegment average, MemorySegment x, long from, long to, float share);

    /**
     * The sum of squares, in double precision. Element i of the range is added to sum i mod {@value #LANES}, in order, and these sums in
     * pairs: the result depends on the range only, not on who computes it.
     */
    double squares(MemorySegment x, long from, long to);
}
