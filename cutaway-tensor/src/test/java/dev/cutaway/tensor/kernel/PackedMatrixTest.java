package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PackedMatrixTest {
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BOOL", "U8", "I8", "I16", "I32", "I64"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyFormatComesBackExactly(DType dtype) {
        int columns = dtype.blockSize() == 1 ? 37 : 3 * dtype.blockSize();
        for (int rows : new int[] {1, 31, 32, 33, 70}) {
            Tensor weight = Weights.random(dtype, rows, columns, 5);
            PackedMatrix packed = PackedMatrix.of(weight);
            Tensor row = Tensor.zeros(columns);
            for (int r = 0; r < rows; r++) {
                packed.row(r, row.data(), 0);
                assertThat(row.toFloats())
                        .as("%s row %d of %d", dtype, r, rows)
                        .isEqualTo(weight.row(r).toFloats());
            }
        }
    }

    /** Machine code packs what lies in native memory, Java what lies in an array: the same bytes, whatever the file holds. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"})
    void machineCodePacksAsJavaDoes(DType dtype) {
        int columns = dtype.blockSize() == 1 ? 38 : 3 * dtype.blockSize();
        for (int rows : new int[] {1, 17, 33, 70}) {
            byte[] bytes = new byte[(int) dtype.bytes((long) rows * columns)];
            new Random(rows).nextBytes(bytes);
            for (int i = 1; i < bytes.length && dtype == DType.F16; i += 2) {
                bytes[i] &= (byte) 0xbf; // infinities would be widened
            }
            Tensor heap = Tensor.of(dtype, MemorySegment.ofArray(bytes), rows, columns);
            Tensor memory = Tensor.zeros(dtype, rows, columns);
            memory.data().copyFrom(heap.data());
            LongUnaryOperator mixed = r -> r % 5 == 0 ? r : rows - 1 - r;
            LongUnaryOperator backwards = r -> rows - 1 - r; // and far enough for many rows at once
            LongUnaryOperator halves = r -> r % 2 * ((rows + 1) / 2) + r / 2;
            for (LongUnaryOperator order : List.of(mixed, backwards, halves, LongUnaryOperator.identity())) {
                PackedMatrix expected = PackedMatrix.of(heap, order, Optional.empty(), Arena.ofAuto());
                PackedMatrix packed = PackedMatrix.of(memory, order, Optional.empty(), Arena.ofAuto());
                assertThat(packed.data.mismatch(expected.data))
                        .as("%s, %d rows: first byte that differs", dtype, rows)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void packedBytesAreTheSourceBytes() {
        for (DType dtype : new DType[] {
            DType.F32, DType.F16, DType.BF16, DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1, DType.Q8_0, DType.Q6_K
        }) {
            Tensor weight = Tensor.zeros(dtype, 64, 512);
            assertThat(PackedMatrix.of(weight).byteSize()).as(dtype.name()).isEqualTo(weight.byteSize() + 64 * 4);
        }
    }

    @Test
    void infiniteHalvesAreKept() {
        Tensor weight = Tensor.zeros(DType.F16, 2, 3);
        weight.set(4, Float.NEGATIVE_INFINITY);
        Tensor row = Tensor.zeros(3);
        PackedMatrix.of(weight).row(1, row.data(), 0);
        assertThat(row.toFloats()).containsExactly(0, Float.NEGATIVE_INFINITY, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BOOL", "U8", "I8", "I16", "I32", "I64"},
            mode = EnumSource.Mode.EXCLUDE)
    void rowsMayStandInAnotherOrder(DType dtype) {
        int columns = dtype.blockSize() == 1 ? 36 : 3 * dtype.blockSize();
        int rows = 70;
        Tensor weight = Weights.random(dtype, rows, columns, 6);
        PackedMatrix packed =
                PackedMatrix.of(weight, r -> r % 2 == 0 ? r + 1 : r - 1, Optional.empty(), Arena.ofAuto());
        Tensor row = Tensor.zeros(columns);
        for (int r = 0; r < rows; r++) {
            packed.row(r, row.data(), 0);
            assertThat(row.toFloats())
                    .as("%s row %d", dtype, r)
                    .isEqualTo(weight.row(r ^ 1).toFloats());
        }
    }

    /** In every place of the words that are looked at together, and behind them. */
    @Test
    void infiniteHalvesAreFoundWhereverTheyAre() {
        int columns = 2 * 16 + 3;
        for (int at = 0; at < columns; at++) {
            for (float value : new float[] {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 65504}) {
                Tensor weight = Tensor.zeros(DType.F16, 1, columns);
                weight.set(at, value);
                PackedMatrix packed = PackedMatrix.of(weight);
                Tensor row = Tensor.zeros(columns);
                packed.row(0, row.data(), 0);
                assertThat(row.toFloats()).as("%s at %d", value, at).isEqualTo(weight.toFloats());
                long wide = PackedMatrix.of(Tensor.zeros(1, columns)).byteSize();
                assertThat(packed.byteSize() == wide).isEqualTo(value != 65504);
            }
        }
    }

    @Test
    void shapesAreChecked() {
        assertThatThrownBy(() -> PackedMatrix.of(Tensor.zeros(3))).hasMessageContaining("two dimensions");
        assertThatThrownBy(() -> PackedMatrix.of(Tensor.zeros(3, 4), Optional.of(Tensor.zeros(4)), Arena.ofAuto()))
                .hasMessageContaining("does not fit");
    }
}
