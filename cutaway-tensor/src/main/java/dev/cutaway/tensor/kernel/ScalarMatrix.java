package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/** The plain statement of matrix products: the order of summation that every other version repeats bit for bit. */
final class ScalarMatrix implements MatrixKernels {
    @Override
    public long scratchFloats(PackedMatrix w, int rows) {
        return 0;
    }

    @Override
    public void multiply(
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
            MemorySegment scratch,
            long scratchAt) {
        int end = Math.min(w.rows(), toPanel * Layout.PANEL);
        for (int n = fromPanel * Layout.PANEL; n < end; n++) {
            for (int r = 0; r < rows; r++) {
                float sum = product(w, n / Layout.PANEL, n % Layout.PANEL, x, xAt + r * xStride);
                if (w.biased()) {
                    sum += Floats.get(w.bias, n);
                }
                long at = yAt + r * yStride + n;
                Floats.set(y, at, add ? Floats.get(y, at) + sum : sum);
            }
        }
    }

    private static float product(PackedMatrix w, int panel, int lane, MemorySegment x, long xAt) {
        float sum = 0;
        if (!w.layout.blocked()) {
            for (int k = 0; k < w.columns(); k++) {
                sum = Math.fma(Floats.get(x, xAt + k), Panels.code(w, panel, lane, k), sum);
            }
            return sum;
        }
        int group = w.layout.group();
        for (int first = 0; first < w.columns(); first += group) {
            float part = 0;
            for (int k = first; k < first + group; k++) {
                part = Math.fma(Floats.get(x, xAt + k), Panels.code(w, panel, lane, k), part);
            }
            sum = Math.fma(part, Panels.scale(w, panel, lane, first), sum);
            if (w.layout.hasMinimum()) {
                sum = Math.fma(Panels.minimum(w, panel, lane, first), blockSum(x, xAt + first), sum);
            }
        }
        return sum;
    }

    /** The sum of the 32 elements of x that a minimum multiplies: four sums of every fourth, then those. */
    static float blockSum(MemorySegment x, long at) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        for (int i = 0; i < Layout.BLOCK; i += 4) {
            a += Floats.get(x, at + i);
            b += Floats.get(x, at + i + 1);
            c += Floats.get(x, at + i + 2);
            d += Floats.get(x, at + i + 3);
        }
        return (a + c) + (b + d);
    }
}
