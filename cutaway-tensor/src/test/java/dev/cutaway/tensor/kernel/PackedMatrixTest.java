package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
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

    @Test
    void shapesAreChecked() {
        assertThatThrownBy(() -> PackedMatrix.of(Tensor.zeros(3))).hasMessageContaining("two dimensions");
        assertThatThrownBy(() -> PackedMatrix.of(Tensor.zeros(3, 4), Optional.of(Tensor.zeros(4)), Arena.ofAuto()))
                .hasMessageContaining("does not fit");
    }
}
