package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.machine.Cpu;
import dev.cutaway.tensor.machine.MachineCode;
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
        multiply(
                new ScalarMatrix(Kernels.get().matrix().rounds()),
                w,
                x,
                expected,
                rows,
                k + 1,
                n + 2,
                0,
                w.panels(),
                add);
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
        kernels.multiply(w, x, PAD, xStride, y, PAD, yStride, rows, from, to, add, 0, scratch, 0);
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

    /** Of kernels that round activations: no further off than half a step for each activation, and not equal either. */
    @Test
    void quantisedProductsEqualThoseOfTheWidenedMatrix() {
        boolean rounds = Kernels.get().matrix().rounds();
        for (DType dtype : new DType[] {DType.Q8_0, DType.Q4_0, DType.Q4_1, DType.Q5_K, DType.Q6_K, DType.F16}) {
            Tensor weight = Weights.random(dtype, 40, 256, 8);
            Tensor wide = weight.widen();
            MemorySegment x = Weights.segment(PAD + 7 * 256, 1);
            MemorySegment narrow = Weights.segment(PAD + 7 * 40, 2);
            MemorySegment expected = Weights.segment(PAD + 7 * 40, 2);
            for (int rows : new int[] {1, 7}) {
                multiply(Kernels.get().matrix(), PackedMatrix.of(weight), x, narrow, rows, 256, 40, 0, 2, false);
                multiply(Kernels.get().matrix(), PackedMatrix.of(wide), x, expected, rows, 256, 40, 0, 2, false);
                float[] actual = Weights.floats(narrow, PAD, rows * 40);
                float[] exact = Weights.floats(expected, PAD, rows * 40);
                if (rounds && dtype.quantised()) {
                    for (int i = 0; i < actual.length; i++) {
                        assertThat(Math.abs(actual[i] - exact[i]))
                                .as("%s, output %d of %d rows", dtype, i, rows)
                                .isLessThan(farthest(wide, i % 40, x, PAD + i / 40 * 256L));
                    }
                    assertThat(actual).isNotEqualTo(exact);
                } else {
                    assertThat(actual).as("%s, %d rows", dtype, rows).isEqualTo(exact);
                }
            }
        }
    }

    /** Half a step for each activation times its weight, and what sums of floats may be off. */
    private static float farthest(Tensor weight, int n, MemorySegment x, long xAt) {
        double sum = 0;
        for (int k = 0; k < 256; k++) {
            float greatest = Rounding.greatest(x, xAt + k / 32 * 32);
            float w = Math.abs(weight.get(256L * n + k));
            sum += w * (greatest * Rounding.STEP / 2 + Math.abs(Floats.get(x, xAt + k)) * 0x1p-20f);
        }
        return (float) sum;
    }

    /** Where the Vector API is the wider one, many rows go there: forced here, so that every machine tries it. */
    @Test
    void manyRowsOfFloatWeightsMayGoToTheVectorApi() {
        assumeThat(MachineCode.obstacle()).isEmpty();
        assumeThat(Cpu.read().avx2()).isTrue();
        assumeThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
        MachineMatrix kernels = new MachineMatrix(Optional.of(new VectorMatrix()));
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.Q4_0}) {
            PackedMatrix w = PackedMatrix.of(Weights.random(dtype, 67, 64, 8));
            for (int rows : new int[] {1, 12, 13, 40}) {
                MemorySegment x = Weights.segment(PAD + rows * 64, 1);
                MemorySegment y = Weights.segment(PAD + rows * 67, 2);
                MemorySegment expected = Weights.segment(PAD + rows * 67, 2);
                multiply(kernels, w, x, y, rows, 64, 67, 0, 3, true);
                multiply(new ScalarMatrix(true), w, x, expected, rows, 64, 67, 0, 3, true);
                assertThat(Weights.floats(y, PAD, rows * 67))
                        .as("%s, %d rows", dtype, rows)
                        .isEqualTo(Weights.floats(expected, PAD, rows * 67));
            }
        }
    }

    /** Rows prepared once serve other panels, but neither other rows, nor another format, nor the same place later. */
    @Test
    void preparedRowsAreThoseOfTheirInput() {
        MatrixKernels kernels = Kernels.get().matrix();
        PackedMatrix four = PackedMatrix.of(Weights.random(DType.Q4_0, 64, 64, 8));
        PackedMatrix eight = PackedMatrix.of(Weights.random(DType.Q8_0, 64, 64, 8));
        MemorySegment x = Weights.segment(PAD + 7 * 64, 1);
        MemorySegment y = Weights.segment(7 * 64, 2);
        MemorySegment expected = Weights.segment(PAD + 7 * 64, 3);
        MemorySegment scratch = Arena.ofAuto().allocate(4 * kernels.scratchFloats(four, 7) + 64, 64);
        int input = 1;
        for (int changed = 0; changed < 2; changed++, input++) {
            for (PackedMatrix w : new PackedMatrix[] {four, eight, four}) {
                for (int rows : new int[] {7, 3, 7}) {
                    int from = 7 - rows;
                    kernels.multiply(w, x, PAD + from * 64, 64, y, 0, 64, rows, 0, 1, false, input, scratch, 0);
                    kernels.multiply(w, x, PAD + from * 64, 64, y, 0, 64, rows, 1, 2, false, input, scratch, 0);
                    multiply(kernels, w, x.asSlice(from * 64 * 4L), expected, rows, 64, 64, 0, 2, false);
                    assertThat(Weights.floats(y, 0, rows * 64)).isEqualTo(Weights.floats(expected, PAD, rows * 64));
                }
            }
            Floats.set(x, PAD + 5 * 64 + 1, 9);
        }
    }

    @Test
    void whatIsNoNumberIsNotHidden() {
        PackedMatrix w = PackedMatrix.of(Weights.random(DType.Q4_0, 33, 64, 8));
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            MemorySegment x = Weights.segment(PAD + 7 * 64, 1);
            Floats.set(x, PAD + 2 * 64 + 40, odd);
            MemorySegment y = Weights.segment(PAD + 7 * 33, 2);
            multiply(Kernels.get().matrix(), w, x, y, 7, 64, 33, 0, 2, false);
            for (int r = 0; r < 7; r++) {
                for (float value : Weights.floats(y, PAD + r * 33, 33)) {
                    assertThat(Float.isFinite(value)).as("row %d of %s", r, odd).isEqualTo(r != 2);
                }
            }
        }
    }
}
