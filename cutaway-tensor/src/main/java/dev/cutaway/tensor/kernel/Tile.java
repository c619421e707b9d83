package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The register tile of every dense product: {@code y[r] += sum over k of x[r, k] * w[k]} for a few rows r and two vectors of
 * outputs, added in the order of k by fused multiply-adds. All addresses and strides are bytes.
 *
 * <p>Six rows by two vectors are twelve sums, two weights and a broadcast: what 16 registers hold. The address of the weights
 * is a product of the loop's counter and a variable on purpose: the two bounds checks that C2 then leaves in the loop keep
 * it from loading all six broadcasts ahead of the multiply-adds, which would spill half of the sums (seen in its machine
 * code: 79 GFLOP/s so, 40 with a constant stride).
 */
final class Tile {
    /** Rows of the largest tile. */
    static final int ROWS = 6;

    private Tile() {}

    /** Any number of rows. */
    static void multiply(
            MemorySegment w,
            long wAt,
            long wSecond,
            long wStride,
            int n,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long ySecond,
            long yStride,
            int rows) {
        int r = 0;
        for (; r <= rows - 6; r += 6) {
            rows6(
                    w,
                    wAt,
                    wSecond,
                    wStride,
                    n,
                    x,
                    xAt + r * xStride,
                    xStride,
                    y,
                    yAt + r * yStride,
                    ySecond + r * yStride,
                    yStride);
        }
        for (; r <= rows - 3; r += 3) {
            rows3(
                    w,
                    wAt,
                    wSecond,
                    wStride,
                    n,
                    x,
                    xAt + r * xStride,
                    xStride,
                    y,
                    yAt + r * yStride,
                    ySecond + r * yStride,
                    yStride);
        }
        for (; r < rows; r++) {
            rows1(w, wAt, wSecond, wStride, n, x, xAt + r * xStride, y, yAt + r * yStride, ySecond + r * yStride);
        }
    }

    /** 6 rows by two vectors. */
    private static void rows6(
            MemorySegment w,
            long wAt,
            long wSecond,
            long wStride,
            int n,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long ySecond,
            long yStride) {
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, y, yAt, ORDER);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, y, ySecond, ORDER);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, y, yAt + yStride, ORDER);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + yStride, ORDER);
        FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, y, yAt + 2 * yStride, ORDER);
        FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + 2 * yStride, ORDER);
        FloatVector a3 = FloatVector.fromMemorySegment(FLOATS, y, yAt + 3 * yStride, ORDER);
        FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + 3 * yStride, ORDER);
        FloatVector a4 = FloatVector.fromMemorySegment(FLOATS, y, yAt + 4 * yStride, ORDER);
        FloatVector b4 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + 4 * yStride, ORDER);
        FloatVector a5 = FloatVector.fromMemorySegment(FLOATS, y, yAt + 5 * yStride, ORDER);
        FloatVector b5 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + 5 * yStride, ORDER);
        long x1 = xAt + xStride;
        long x2 = xAt + 2 * xStride;
        long x3 = xAt + 3 * xStride;
        long x4 = xAt + 4 * xStride;
        long x5 = xAt + 5 * xStride;
        for (int k = 0; k < n; k++) {
            FloatVector u = FloatVector.fromMemorySegment(FLOATS, w, wAt + k * wStride, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, w, wSecond + k * wStride, ORDER);
            FloatVector c;
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xAt + 4L * k));
            a0 = c.fma(u, a0);
            b0 = c.fma(v, b0);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x1 + 4L * k));
            a1 = c.fma(u, a1);
            b1 = c.fma(v, b1);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x2 + 4L * k));
            a2 = c.fma(u, a2);
            b2 = c.fma(v, b2);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x3 + 4L * k));
            a3 = c.fma(u, a3);
            b3 = c.fma(v, b3);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x4 + 4L * k));
            a4 = c.fma(u, a4);
            b4 = c.fma(v, b4);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x5 + 4L * k));
            a5 = c.fma(u, a5);
            b5 = c.fma(v, b5);
        }
        a0.intoMemorySegment(y, yAt, ORDER);
        b0.intoMemorySegment(y, ySecond, ORDER);
        a1.intoMemorySegment(y, yAt + yStride, ORDER);
        b1.intoMemorySegment(y, ySecond + yStride, ORDER);
        a2.intoMemorySegment(y, yAt + 2 * yStride, ORDER);
        b2.intoMemorySegment(y, ySecond + 2 * yStride, ORDER);
        a3.intoMemorySegment(y, yAt + 3 * yStride, ORDER);
        b3.intoMemorySegment(y, ySecond + 3 * yStride, ORDER);
        a4.intoMemorySegment(y, yAt + 4 * yStride, ORDER);
        b4.intoMemorySegment(y, ySecond + 4 * yStride, ORDER);
        a5.intoMemorySegment(y, yAt + 5 * yStride, ORDER);
        b5.intoMemorySegment(y, ySecond + 5 * yStride, ORDER);
    }

    /** 3 rows by two vectors. */
    private static void rows3(
            MemorySegment w,
            long wAt,
            long wSecond,
            long wStride,
            int n,
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment y,
            long yAt,
            long ySecond,
            long yStride) {
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, y, yAt, ORDER);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, y, ySecond, ORDER);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, y, yAt + yStride, ORDER);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + yStride, ORDER);
        FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, y, yAt + 2 * yStride, ORDER);
        FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, y, ySecond + 2 * yStride, ORDER);
        long x1 = xAt + xStride;
        long x2 = xAt + 2 * xStride;
        for (int k = 0; k < n; k++) {
            FloatVector u = FloatVector.fromMemorySegment(FLOATS, w, wAt + k * wStride, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, w, wSecond + k * wStride, ORDER);
            FloatVector c;
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xAt + 4L * k));
            a0 = c.fma(u, a0);
            b0 = c.fma(v, b0);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x1 + 4L * k));
            a1 = c.fma(u, a1);
            b1 = c.fma(v, b1);
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, x2 + 4L * k));
            a2 = c.fma(u, a2);
            b2 = c.fma(v, b2);
        }
        a0.intoMemorySegment(y, yAt, ORDER);
        b0.intoMemorySegment(y, ySecond, ORDER);
        a1.intoMemorySegment(y, yAt + yStride, ORDER);
        b1.intoMemorySegment(y, ySecond + yStride, ORDER);
        a2.intoMemorySegment(y, yAt + 2 * yStride, ORDER);
        b2.intoMemorySegment(y, ySecond + 2 * yStride, ORDER);
    }

    /** One row by two vectors. */
    private static void rows1(
            MemorySegment w,
            long wAt,
            long wSecond,
            long wStride,
            int n,
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            long ySecond) {
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, y, yAt, ORDER);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, y, ySecond, ORDER);
        for (int k = 0; k < n; k++) {
            FloatVector u = FloatVector.fromMemorySegment(FLOATS, w, wAt + k * wStride, ORDER);
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, w, wSecond + k * wStride, ORDER);
            FloatVector c;
            c = FloatVector.broadcast(FLOATS, x.get(Floats.FLOAT, xAt + 4L * k));
            a0 = c.fma(u, a0);
            b0 = c.fma(v, b0);
        }
        a0.intoMemorySegment(y, yAt, ORDER);
        b0.intoMemorySegment(y, ySecond, ORDER);
    }
}
