package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The chosen kernels against the plain reference, bit for bit, with awkward sizes, strides and offsets. */
class MatrixTest {
    private static final int PAD = 3; // everything starts at an odd float

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BOOL", "U8", "I8", "I16", "I32", "I64"},
            mode = EnumSource.Mode.EXCLUDE)
    void productsEqualTheReference(DType dtype) {
        int[] blocks = dtype.quantised() ? new int[] {1, 3, 9} : new int[] {1, 2, 3, 31, 65, 257};
        for (int n : new int[] {1, 31, 33, 67}) {
            for (int b : blocks) {
                for (int rows : new int[] {1, 2, 3, 5, 6, 7, 17, 121}) {
                    if (rows < 4 || n == 33) {
                        check(dtype, n, b * dtype.blockSize(), rows);
                    }
                }
            }
        }
    }

    private static void check(DType dtype, int n, int k, int rows) {
        PackedMatrix w = PackedMatrix.of(
                Weights.random(dtype, n, k, n + k),
                rows % 2 == 0 ? Optional.of(Tensor.of(Weights.values(n, 9))) : Optional.empty(),
                Arena.ofAuto());
        MemorySegment x = Weights.segment(PAD + rows * (k + 1), 17);
        MemorySegment y = Weights.segment(PAD + rows * (n + 2), 3);
        MemorySegment expected = Weights.segment(PAD + rows * (n + 2), 3);
        boolean add = rows % 3 == 0;
        multiply(Kernels.get().matrix(), w, x, y, rows, k + 1, n + 2, 0, w.panels(), add);
        multiply(Kernels.scalar().matrix(), w, x, expected, rows, k + 1, n + 2, 0, w.panels(), add);
        int size = PAD + rows * (n + 2);
        assertThat(Weights.floats(y, 0, size))
                .as("%s [%d, %d], %d rows", dtype, n, k, rows)
                .isEqualTo(Weights.floats(expected, 0, size));
    }

    private static void multiply(
            MatrixKernels kernels,
            PackedMatrix w,
            MemorySegment x,
            MemorySegment y,
            int rows,
            int xStride,
            int yStride,
            int from,
            int to,
            boolean add) {
        MemorySegment scratch = Arena.ofAuto().allocate(4 * kernels.scratchFloats(w, rows) + 64, 64);
        kernels.multiply(w, x, PAD, xStride, y, PAD, yStride, rows, from, to, add, scratch, 0);
    }

    @Test
    void panelsCanBeShared() {
        for (DType dtype : new DType[] {DType.F32, DType.Q8_0, DType.Q4_K}) {
            PackedMatrix w = PackedMatrix.of(Weights.random(dtype, 150, 512, 4));
            MemorySegment x = Weights.segment(PAD + 9 * 512, 1);
            MemorySegment whole = Weights.segment(PAD + 9 * 150, 2);
            MemorySegment parts = Weights.segment(PAD + 9 * 150, 3);
            for (int rows : new int[] {1, 9}) {
                multiply(Kernels.get().matrix(), w, x, whole, rows, 512, 150, 0, 5, false);
                multiply(Kernels.get().matrix(), w, x, parts, rows, 512, 150, 3, 5, false);
                multiply(Kernels.get().matrix(), w, x, parts, rows, 512, 150, 0, 1, false);
                multiply(Kernels.get().matrix(), w, x, parts, rows, 512, 150, 1, 3, false);
                assertThat(Weights.floats(parts, PAD, rows * 150)).isEqualTo(Weights.floats(whole, PAD, rows * 150));
            }
        }
    }

    @Test
    void quantisedProductsEqualThoseOfTheWidenedMatrix() {
        for (DType dtype : new DType[] {DType.Q8_0, DType.Q4_0, DType.Q4_1, DType.Q5_K, DType.Q6_K, DType.F16}) {
            Tensor weight = Weights.random(dtype, 40, 256, 8);
            MemorySegment x = Weights.segment(PAD + 7 * 256, 1);
            MemorySegment narrow = Weights.segment(PAD + 7 * 40, 2);
            MemorySegment wide = Weights.segment(PAD + 7 * 40, 2);
            for (int rows : new int[] {1, 7}) {
                multiply(Kernels.get().matrix(), PackedMatrix.of(weight), x, narrow, rows, 256, 40, 0, 2, false);
                multiply(Kernels.get().matrix(), PackedMatrix.of(weight.widen()), x, wide, rows, 256, 40, 0, 2, false);
                assertThat(Weights.floats(narrow, PAD, rows * 40))
                        .as("%s, %d rows", dtype, rows)
                        .isEqualTo(Weights.floats(wide, PAD, rows * 40));
            }
        }
    }
}
