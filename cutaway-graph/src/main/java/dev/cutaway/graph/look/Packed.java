package dev.cutaway.graph.look;

import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.MatrixKernels;
import dev.cutaway.tensor.kernel.PackedMatrix;

/** Products with weights that the plan has packed already: the same kernels that the run used, so the same numbers. */
final class Packed {
    private Packed() {}

    /** {@code x W^T} for {@code x [row, in]} and a packed {@code W [out, in]}; a packed bias must not be there. */
    static Tensor multiply(Tensor x, PackedMatrix w) {
        int rows = (int) x.dim(0);
        Tensor y = Tensor.zeros(rows, w.rows());
        if (rows == 0) {
            return y;
        }
        MatrixKernels k = Kernels.get().matrix();
        Tensor scratch = Tensor.zeros(Math.max(16, k.scratchFloats(w, rows)));
        k.multiply(
                w, x.data(), 0, w.columns(), y.data(), 0, w.rows(), rows, 0, w.panels(), false, 0, scratch.data(), 0);
        return y;
    }
}
