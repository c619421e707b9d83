package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Functions of rows and of single elements. Addresses are a segment and the index of a float in it. Results may be written
 * over an input if they start at the same float. A row's result does not depend on the other rows. Nothing is allocated.
 */
public sealed interface RowKernels permits MachineRows, ScalarRows, VectorRows {
    /**
     * {@code y = x / sqrt(mean(x^2) + eps) * (weight + offset)} for each row (Zhang and Sennrich 2019).
     *
     * @param x {@code [rows, width]}, rows {@code xStride} floats apart
     * @param weight {@code [width]}
     * @param offset added to the weight: 1 in Gemma, else 0
     * @param y {@code [rows, width]}, rows {@code yStride} floats apart
     */
    void rmsNorm(
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment weight,
            long weightAt,
            float offset,
            float eps,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int width);

    /**
     * {@code y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias} for each row (Ba et al. 2016).
     *
     * @param x {@code [rows, width]}, rows {@code xStride} floats apart
     * @param weight {@code [width]}
     * @param bias {@code [width]}
     * @param y {@code [rows, width]}, rows {@code yStride} floats apart
     */
    void layerNorm(
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            float eps,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int width);

    /** {@code y = a + b}, n elements each. */
    void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n);

    /** {@code y = a * b}, n elements each. */
    void multiply(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n);

    /** {@code y = factor * x}, n elements. */
    void scale(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code y = y + factor * x}, n elements, with one rounding. */
    void addScaled(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code y = function(x)}, n elements. */
    void activate(Activation function, MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code y = function(gate) * up}, n elements: the gated feed-forward's product. */
    void activateGated(
            Activation function,
            MemorySegment gate,
            long gateAt,
            MemorySegment up,
            long upAt,
            MemorySegment y,
            long yAt,
            long n);

    /** {@code y = e^x}, n elements, within 2 units in the last place. */
    void exp(MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code y = cap * tanh(x / cap)}, n elements: soft capping of scores and logits. */
    void softCap(float cap, MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code y = e^(x - max(x))} divided by its sum, over one row of n elements. */
    void softmax(MemorySegment x, long xAt, MemorySegment y, long yAt, long n);

    /** {@code log(sum(e^x))} over one row of n elements. */
    float logSumExp(MemorySegment x, long xAt, long n);

    /** The greatest of n elements. */
    float max(MemorySegment x, long xAt, long n);

    /** Where the greatest of n elements is, counted from {@code xAt}; the first of equals. */
    long argMax(MemorySegment x, long xAt, long n);

    /** {@code sum(a * b)} over n elements. */
    float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, long n);

    /**
     * Rotary positions (Su et al. 2021) of one row, in place: in each head, pair i of the first {@code 2 * pairs} elements
     * turns by the angle whose cosine and sine the tables hold; the other elements stay.
     *
     * @param x {@code [heads, headSize]}
     * @param cos {@code [pairs]}: the cosines of this row's position (times a scaling's factor, if it has one)
     * @param sin {@code [pairs]}
     * @param interleaved whether pair i is elements (2i, 2i + 1), as in the paper, or (i, i + pairs), as in most checkpoints
     */
    void rotate(
            MemorySegment x,
            long xAt,
            int heads,
            int headSize,
            int pairs,
            MemorySegment cos,
            long cosAt,
            MemorySegment sin,
            long sinAt,
            boolean interleaved);
}
