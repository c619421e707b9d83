package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * {@link DenseKernels} in vectors, where there is no machine code. Products are cut as in {@link MachineDense}: blocks of b laid out in
 * strips of two vectors, tiles of four rows of a laid out side by side, sums of a tile in eight vectors. Softmaxes are vectors too; the slopes
 * of functions and norms are left to the plain statement, whose loops the compiler makes vectors of in part.
 *
 * <p>Scratch: the block of b, the rows of a, a tile of c where it is no whole one.
 */
final class VectorDense implements DenseKernels {
    private static final int TILE = 4;
    private static final int STRIP = 2 * COUNT;
    private static final int DEPTH = 256;
    private static final int COLUMNS = 256;
    private static final int ROWS = 96;
    private static final int A_AT = DEPTH * COLUMNS;
    private static final int EDGE_AT = A_AT + ROWS * DEPTH;
    private static final ScalarDense PLAIN = new ScalarDense();

    private final VectorRows rows = new VectorRows();

    @Override
    public long scratchFloats() {
        return EDGE_AT + (long) TILE * STRIP;
    }

    @Override
    public void multiply(
            int m, int n, int k, View a, View b, View c, Start start, MemorySegment scratch, long scratchAt) {
        if (k <= 0 || c.column() != 1 || start.plus().column() != 1) {
            PLAIN.multiply(m, n, k, a, b, c, start, scratch, scratchAt);
            return;
        }
        start.write(m, n, c);
        boolean add = !start.isZero();
        MemorySegment own = scratch.asSlice(4 * scratchAt, 4 * scratchFloats());
        for (int p = 0; p < k; p += DEPTH) {
            int depth = Math.min(DEPTH, k - p);
            for (int j = 0; j < n; j += COLUMNS) {
                int columns = Math.min(COLUMNS, n - j);
                layOut(b.from(p, j), depth, columns, own);
                for (int i = 0; i < m; i += ROWS) {
                    int count = Math.min(ROWS, m - i);
                    layOutRows(a.from(i, p), count, depth, own);
                    tiles(count, columns, depth, own, c.from(i, j), add || p > 0);
                }
            }
        }
    }

    /** Columns of b in strips of two vectors, {@code [strip][row][column]}; zeros where there are no more. */
    private static void layOut(View b, int depth, int columns, MemorySegment own) {
        for (int j = 0; j < columns; j += STRIP) {
            int here = Math.min(STRIP, columns - j);
            long at = (long) j * depth;
            for (int p = 0; p < depth; p++) {
                for (int x = 0; x < here; x++) {
                    Floats.set(own, at + x, Floats.get(b.data(), b.at(p, j + x)));
                }
                for (int x = here; x < STRIP; x++) {
                    Floats.set(own, at + x, 0);
                }
                at += STRIP;
            }
        }
    }

    /** Rows of a in tiles, {@code [tile][column][row]}; zeros where there are no more. */
    private static void layOutRows(View a, int rows, int depth, MemorySegment own) {
        for (int i = 0; i < rows; i += TILE) {
            long at = A_AT + (long) i * depth;
            for (int r = 0; r < TILE; r++) {
                for (int p = 0; p < depth; p++) {
                    float x = i + r < rows ? Floats.get(a.data(), a.at(i + r, p)) : 0;
                    Floats.set(own, at + (long) p * TILE + r, x);
                }
            }
        }
    }

    private static void tiles(int rows, int columns, int depth, MemorySegment own, View c, boolean add) {
        for (int j = 0; j < columns; j += STRIP) {
            for (int i = 0; i < rows; i += TILE) {
                long aAt = A_AT + (long) i * depth;
                long bAt = (long) j * depth;
                int height = Math.min(TILE, rows - i);
                int width = Math.min(STRIP, columns - j);
                if (height == TILE && width == STRIP) {
                    tile(own, aAt, bAt, depth, c.data(), 4 * c.at(i, j), 4 * c.row(), add);
                    continue;
                }
                View part = c.from(i, j);
                View edge = View.rows(own, EDGE_AT, STRIP);
                if (add) {
                    copy(part, edge, height, width);
                }
                tile(own, aAt, bAt, depth, own, 4L * EDGE_AT, 4L * STRIP, add);
                copy(edge, part, height, width);
            }
        }
    }

    private static void copy(View from, View to, int height, int width) {
        for (int r = 0; r < height; r++) {
            for (int x = 0; x < width; x++) {
                Floats.set(to.data(), to.at(r, x), Floats.get(from.data(), from.at(r, x)));
            }
        }
    }

    private static FloatVector first(boolean add, MemorySegment c, long at) {
        return add ? FloatVector.fromMemorySegment(FLOATS, c, at, ORDER) : FloatVector.zero(FLOATS);
    }

    /** Four rows times two vectors of columns; {@code cAt} and {@code cRow} in bytes. */
    private static void tile(
            MemorySegment own, long aAt, long bAt, int depth, MemorySegment c, long cAt, long cRow, boolean add) {
        FloatVector c00 = first(add, c, cAt);
        FloatVector c01 = first(add, c, cAt + BYTES);
        FloatVector c10 = first(add, c, cAt + cRow);
        FloatVector c11 = first(add, c, cAt + cRow + BYTES);
        FloatVector c20 = first(add, c, cAt + 2 * cRow);
        FloatVector c21 = first(add, c, cAt + 2 * cRow + BYTES);
        FloatVector c30 = first(add, c, cAt + 3 * cRow);
        FloatVector c31 = first(add, c, cAt + 3 * cRow + BYTES);
        long x = 4 * aAt;
        long y = 4 * bAt;
        for (int p = 0; p < depth; p++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, own, y, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, own, y + BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, own.get(Floats.FLOAT, x));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(FLOATS, own.get(Floats.FLOAT, x + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(FLOATS, own.get(Floats.FLOAT, x + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(FLOATS, own.get(Floats.FLOAT, x + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            x += 4 * TILE;
            y += 2L * BYTES;
        }
        c00.intoMemorySegment(c, cAt, ORDER);
        c01.intoMemorySegment(c, cAt + BYTES, ORDER);
        c10.intoMemorySegment(c, cAt + cRow, ORDER);
        c11.intoMemorySegment(c, cAt + cRow + BYTES, ORDER);
        c20.intoMemorySegment(c, cAt + 2 * cRow, ORDER);
        c21.intoMemorySegment(c, cAt + 2 * cRow + BYTES, ORDER);
        c30.intoMemorySegment(c, cAt + 3 * cRow, ORDER);
        c31.intoMemorySegment(c, cAt + 3 * cRow + BYTES, ORDER);
    }

    @Override
    public void softmaxRows(float scale, MemorySegment p, long pAt, int count, int stride, int valid, int more) {
        for (int r = 0; r < count; r++) {
            long at = pAt + (long) r * stride;
            int n = valid + r * more;
            rows.scale(scale, p, at, p, at, n);
            rows.softmax(p, at, p, at, n);
            p.asSlice(4 * (at + n), 4L * (stride - n)).fill((byte) 0);
        }
    }

    @Override
    public void softmaxBack(float scale, MemorySegment p, long pAt, MemorySegment dp, long dpAt, int count, int width) {
        int whole = width - width % COUNT;
        for (int r = 0; r < count; r++) {
            long a = pAt + (long) r * width;
            long b = dpAt + (long) r * width;
            float sum = rows.dot(p, a, dp, b, width);
            for (int i = 0; i < whole; i += COUNT) {
                FloatVector shares = FloatVector.fromMemorySegment(FLOATS, p, 4 * (a + i), ORDER);
                FloatVector d = FloatVector.fromMemorySegment(FLOATS, dp, 4 * (b + i), ORDER);
                shares.mul(scale).mul(d.sub(sum)).intoMemorySegment(dp, 4 * (b + i), ORDER);
            }
            for (int i = whole; i < width; i++) {
                Floats.set(dp, b + i, scale * Floats.get(p, a + i) * (Floats.get(dp, b + i) - sum));
            }
        }
    }

    @Override
    public void slope(
            Activation function,
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long n) {
        PLAIN.slope(function, x, xAt, dy, dyAt, dx, dxAt, n);
    }

    @Override
    public void normBack(
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
            int count,
            int width,
            MemorySegment scratch,
            long scratchAt) {
        PLAIN.normBack(
                rms, x, xAt, gain, offset, eps, dy, dyAt, dx, dxAt, dGain, dGainAt, dBias, dBiasAt, count, width,
                scratch, scratchAt);
    }
}
