package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What training needs beside the kernels of a forward pass: products of float32 matrices as they lie in memory, and the way back through
 * functions of rows. Addresses are a segment and the index of a float in it. Nothing is allocated but views.
 */
public sealed interface DenseKernels permits MachineDense, ScalarDense, VectorDense {
    /**
     * A matrix in memory: element (i, j) is float {@code at + i * row + j * column}.
     *
     * @param row floats from row to row
     * @param column floats from column to column
     */
    record View(MemorySegment data, long at, long row, long column) {
        /** No matrix. */
        public static final View NONE = new View(MemorySegment.NULL, 0, 0, 1);

        /** Whether this is a matrix at all. */
        boolean present() {
            return data.byteSize() > 0;
        }

        /** Rows of neighbouring floats. */
        public static View rows(MemorySegment data, long at, long width) {
            return new View(data, at, width, 1);
        }

        /** The same elements with rows as columns. */
        public View transposed() {
            return new View(data, at, column, row);
        }

        /** The part that begins at an element. */
        public View from(long i, long j) {
            return new View(data, at(i, j), row, column);
        }

        long at(long i, long j) {
            return at + i * row + j * column;
        }
    }

    /** Floats of scratch memory that one call may use. */
    long scratchFloats();

    /**
     * {@code c[i, j] = sum over p of a[i, p] b[p, j]}, added in order of p by fused multiply-adds, so that an element does not depend on
     * how the product was cut.
     *
     * @param m rows of a and c
     * @param n columns of b and c
     * @param k columns of a, rows of b
     * @param a neighbouring floats in rows or in columns
     * @param b neighbouring floats in rows or in columns
     * @param c rows of neighbouring floats; overlaps neither a nor b
     * @param add whether the sums start from what c holds
     * @param scratch this thread's own memory, {@link #scratchFloats} floats from {@code scratchAt}, best aligned to 64 bytes
     */
    void multiply(int m, int n, int k, View a, View b, View c, boolean add, MemorySegment scratch, long scratchAt);

    /**
     * What sums start from: {@code c[i, j] = plus[i, j] + bias[j]}.
     *
     * @param plus rows of neighbouring floats; may be c; zeros if {@link View#NONE}
     * @param bias n floats; zeros if {@link MemorySegment#NULL}
     * @param c rows of neighbouring floats
     */
    void start(int m, int n, View plus, MemorySegment bias, long biasAt, View c);

    /** {@code dx = dy * function'(x)}, n elements; {@code dx} may be {@code dy}. */
    void slope(
            Activation function,
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long n);

    /**
     * Back through a norm of rows: {@code dx} is written, what gain and bias get is added to theirs. Both gradients may be missing
     * ({@link MemorySegment#NULL}).
     *
     * @param rms root mean square norm, without a mean
     * @param x {@code [rows, width]}, what was normed
     * @param gain {@code [width]}
     * @param offset added to the gain
     * @param dy {@code [rows, width]}
     * @param dx {@code [rows, width]}; may be {@code dy}
     * @param dGain {@code [width]}, added to
     * @param dBias {@code [width]}, added to
     * @param scratch as for {@link #multiply}
     */
    void normBack(
            boolean rms,
            MemorySegment x,
            long xAt,
            MemorySegment gain,
            float offset,
            float eps,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment dGain,
            long dGainAt,
            MemorySegment dBias,
            long dBiasAt,
            int rows,
            int width,
            MemorySegment scratch,
            long scratchAt);

    /**
     * The softmax of {@code scale * p} over the first so many floats of each row, in place; zeros behind them up to the next row.
     *
     * @param p {@code [rows, stride]}
     * @param stride a multiple of 16
     * @param valid how many of the first row count, at least one
     * @param more how many more of each next row do: 1 where rows see one key more than the one before
     */
    void softmaxRows(float scale, MemorySegment p, long pAt, int rows, int stride, int valid, int more);

    /**
     * Back through softmaxes of rows: {@code dp = scale * p * (dp - sum(p * dp))} of each.
     *
     * @param p {@code [rows, width]}
     * @param dp {@code [rows, width]}; becomes the scores' gradient
     */
    void softmaxBack(float scale, MemorySegment p, long pAt, MemorySegment dp, long dpAt, int rows, int width);
}
