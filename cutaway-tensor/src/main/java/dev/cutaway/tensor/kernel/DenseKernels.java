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

    /**
     * What the sums of a product start from: {@code plus[i, j] + bias[j]}.
     *
     * @param plus rows of neighbouring floats, where the first sum starts from the first; may be c; zeros if its data is
     *     {@link MemorySegment#NULL}
     * @param bias floats, from {@code biasAt} on for the first sum's column; zeros if {@link MemorySegment#NULL}
     */
    record Start(View plus, MemorySegment bias, long biasAt) {
        private static final View NONE = new View(MemorySegment.NULL, 0, 0, 1);

        /** From zero. */
        public static final Start ZERO = new Start(NONE, MemorySegment.NULL, 0);

        /** From rows. */
        public static Start rows(View plus) {
            return new Start(plus, MemorySegment.NULL, 0);
        }

        /** The same, each row plus the same floats. */
        public Start and(MemorySegment bias, long at) {
            return new Start(plus, bias, at);
        }

        boolean isZero() {
            return !hasRows() && !hasBias();
        }

        boolean hasRows() {
            return plus.data.byteSize() > 0;
        }

        boolean hasBias() {
            return bias.byteSize() > 0;
        }

        /** Brings m rows of n starts to where the sums will be. */
        void write(int m, int n, View c) {
            for (int i = 0; i < m && !isZero(); i++) {
                long to = c.at(i, 0);
                if (hasRows() && hasBias()) {
                    for (int j = 0; j < n; j++) {
                        Floats.set(c.data, to + j, at(i, j));
                    }
                } else if (!plus.equals(c)) {
                    long from = hasBias() ? biasAt : plus.at(i, 0);
                    MemorySegment.copy(hasBias() ? bias : plus.data, 4 * from, c.data, 4 * to, 4L * n);
                }
            }
        }

        /** Where element (i, j) starts. */
        float at(int i, int j) {
            float sum = hasRows() ? Floats.get(plus.data, plus.at(i, j)) : 0;
            return hasBias() ? sum + Floats.get(bias, biasAt + j) : sum;
        }
    }

    /** Floats of scratch memory that one call may use. */
    long scratchFloats();

    /**
     * {@code c[i, j] = start[i, j] + sum over p of a[i, p] b[p, j]}, added in order of p by fused multiply-adds, so that an element does not
     * depend on how the product was cut.
     *
     * @param m rows of a and c
     * @param n columns of b and c
     * @param k columns of a, rows of b
     * @param a neighbouring floats in rows or in columns
     * @param b neighbouring floats in rows or in columns
     * @param c rows of neighbouring floats; overlaps neither a nor b
     * @param scratch this thread's own memory, {@link #scratchFloats} floats from {@code scratchAt}, best aligned to 64 bytes
     */
    void multiply(int m, int n, int k, View a, View b, View c, Start start, MemorySegment scratch, long scratchAt);

    /** The same; the sums start from what c holds if {@code add}, from zero if not. */
    default void multiply(
            int m, int n, int k, View a, View b, View c, boolean add, MemorySegment scratch, long scratchAt) {
        multiply(m, n, k, a, b, c, add ? Start.rows(c) : Start.ZERO, scratch, scratchAt);
    }

    /** The same from zero, into rows with room: zeros behind the last sums, up to a multiple of sixteen columns. */
    default void multiplyPadded(int m, int n, int k, View a, View b, View c, MemorySegment scratch, long scratchAt) {
        multiply(m, n, k, a, b, c, Start.ZERO, scratch, scratchAt);
        int room = (n + 15) / 16 * 16 - n;
        for (int i = 0; i < m && room > 0; i++) {
            c.data().asSlice(4 * c.at(i, n), 4L * room).fill((byte) 0);
        }
    }

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
