package dev.cutaway.train;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.MatrixKernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import dev.cutaway.tensor.kernel.RowKernels;
import dev.cutaway.tensor.kernel.UpdateKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Muon's update of one matrix. The iteration is the quintic Newton-Schulz iteration with coefficients chosen for a steep slope at 0 (Jordan
 * et al. 2024): singular values end between about 0.7 and 1.2, which is orthogonal enough.
 */
final class Orthogonal {
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    private static final double EPS = 1e-7;

    private Orthogonal() {}

    static void update(
            Optimizer.Muon m, Tensor weight, Tensor gradient, float clipped, Tensor mean, double rate, float keep) {
        try (Arena arena = Arena.ofConfined()) {
            long n = weight.size();
            RowKernels rows = Kernels.get().rows();
            UpdateKernels updates = Kernels.get().updates();
            Tensor g = Tensor.zeros(arena, DType.F32, weight.shape());
            rows.scale(clipped, gradient.data(), 0, g.data(), 0, n);
            updates.average(mean.data(), g.data(), 0, n, (float) (1 - m.momentum()));
            if (m.nesterov()) {
                updates.average(g.data(), mean.data(), 0, n, (float) m.momentum());
            }
            Tensor from = m.nesterov() ? g : mean;
            boolean tall = weight.dim(0) > weight.dim(1);
            Tensor x = iterate(arena, tall ? from.transposed(arena) : from, m.steps());
            Tensor direction = tall ? x.transposed(arena) : x;
            float by = (float) (rate * m.adjust().factor(weight.dim(0), weight.dim(1)));
            updates.descend(weight.data(), direction.data(), 0, n, 1, keep, by);
        }
    }

    /** Brings the singular values of a matrix that is not taller than wide close to 1. */
    private static Tensor iterate(Arena arena, Tensor matrix, int steps) {
        long n = matrix.size();
        int side = Math.toIntExact(matrix.dim(0));
        int wide = Math.toIntExact(matrix.dim(1));
        RowKernels rows = Kernels.get().rows();
        double norm = Math.sqrt(Kernels.get().updates().squares(matrix.data(), 0, n));
        Tensor x = Tensor.zeros(arena, DType.F32, side, wide);
        rows.scale((float) (1 / Math.max(norm, EPS)), matrix.data(), 0, x.data(), 0, n);
        Tensor gram = Tensor.zeros(arena, DType.F32, side, side);
        Tensor mixed = Tensor.zeros(arena, DType.F32, side, side);
        Tensor back = Tensor.zeros(arena, DType.F32, wide, side);
        Tensor next = Tensor.zeros(arena, DType.F32, wide, side);
        for (int i = 0; i < steps; i++) {
            product(x, x, gram); // X X^T
            product(gram, gram, mixed);
            rows.scale(C, mixed.data(), 0, mixed.data(), 0, mixed.size());
            rows.addScaled(B, gram.data(), 0, mixed.data(), 0, mixed.size()); // B G + C G G
            x.transposeInto(back);
            product(mixed, back, next); // the transpose of (B G + C G G) X
            rows.addScaled(A, back.data(), 0, next.data(), 0, n);
            next.transposeInto(x);
        }
        return x;
    }

    /** {@code y[r, o] = sum over k of x[r, k] w[o, k]}. */
    private static void product(Tensor w, Tensor x, Tensor y) {
        try (Arena arena = Arena.ofConfined()) {
            MatrixKernels k = Kernels.get().matrix();
            PackedMatrix packed = PackedMatrix.of(w, Optional.empty(), arena);
            int rows = Math.toIntExact(x.dim(0));
            MemorySegment scratch = arena.allocate(4 * Math.max(1, k.scratchFloats(packed, rows)), Tensor.ALIGNMENT);
            k.multiply(
                    packed,
                    x.data(),
                    0,
                    x.dim(1),
                    y.data(),
                    0,
                    y.dim(1),
                    rows,
                    0,
                    packed.panels(),
                    false,
                    0,
                    scratch,
                    0);
        }
    }
}
