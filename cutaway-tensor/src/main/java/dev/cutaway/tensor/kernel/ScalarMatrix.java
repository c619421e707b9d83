package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/** The plain statement of matrix products: the order of summation that every other version repeats bit for bit. */
final class ScalarMatrix implements MatrixKernels {
    private final boolean rounding;

    /** {@code rounding}: whether activations are rounded for blocks of codes. */
    ScalarMatrix(boolean rounding) {
        this.rounding = rounding;
    }

    @Override
    public boolean rounds() {
        return rounding;
    }

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
            long input,
            MemorySegment scratch,
            long scratchAt) {
        int end = Math.min(w.rows(), toPanel * Layout.PANEL);
        for (int n = fromPanel * Layout.PANEL; n < end; n++) {
            for (int r = 0; r < rows; r++) {
                int panel = n / Layout.PANEL;
                int lane = n % Layout.PANEL;
                float sum = rounding && w.layout.blocked()
                        ? Rounding.product(w, panel, lane, x, xAt + r * xStride)
                        : product(w, panel, lane, x, xAt + r * xStride);
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
        for (int k = 0; k < w.columns(); k++) {
            sum = Math.fma(Floats.get(x, xAt + k), Panels.weight(w, panel, lane, k), sum);
        }
        return sum;
    }
}
