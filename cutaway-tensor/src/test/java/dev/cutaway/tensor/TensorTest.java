package dev.cutaway.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

final class TensorTest {
    private static Tensor counting(long... shape) {
        Tensor t = Tensor.zeros(shape);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) i);
        }
        return t;
    }

    @Test
    void showsDtypeAndShape() {
        assertThat(Tensor.zeros(2, 3)).hasToString("f32[2, 3]");
        assertThat(Tensor.of(new float[] {7}).get(0)).isEqualTo(7);
        assertThat(Tensor.ofInts(new int[] {1, -2}).getInt(1)).isEqualTo(-2);
        Tensor scalar = Tensor.zeros();
        assertThat(scalar.size()).isOne();
        assertThat(scalar.rank()).isZero();
    }

    @Test
    void allocatesOnCacheLines() {
        assertThat(Tensor.zeros(3).data().address() % Tensor.ALIGNMENT).isZero();
    }

    @Test
    void slicesAsViewOrCopy() {
        Tensor t = counting(2, 3, 4);
        assertThat(t.slice(0, 1, 2).toFloats()).containsExactly(12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
        assertThat(t.slice(1, 1, 3).toFloats())
                .containsExactly(4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23);
        assertThat(t.slice(-1, 3, 4).toFloats()).containsExactly(3, 7, 11, 15, 19, 23);
        assertThat(t.slice(2, 2, 2).size()).isZero();
        assertThat(t.row(1).shape()).containsExactly(3, 4);
        assertThat(t.row(1).data().address()).isEqualTo(t.data().address() + 48);
        assertThat(t.equalsShape(Tensor.zeros(2, 3, 4))).isTrue();
        assertThat(t.reshape(24).equalsShape(t)).isFalse();
    }

    @Test
    void refusesShapesThatDoNotFit() {
        assertThatThrownBy(() -> Tensor.zeros(2, -3)).hasMessageContaining("-3");
        assertThatThrownBy(() -> Tensor.zeros(1L << 40, 1L << 40)).hasMessageContaining("too many");
        assertThatThrownBy(() -> Tensor.of(DType.F32, MemorySegment.ofArray(new byte[7]), 2))
                .hasMessageContaining("8 bytes")
                .hasMessageContaining("7");
        assertThatThrownBy(() -> Tensor.zeros(DType.Q4_0, 2, 33)).hasMessageContaining("32");
        assertThatThrownBy(() -> Tensor.zeros(4).get(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> counting(2, 2).reshape(3)).hasMessageContaining("16");
        assertThatThrownBy(() -> Tensor.zeros(DType.Q8_0, 2, 64).slice(1, 3, 40))
                .hasMessageContaining("whole blocks");
        assertThatThrownBy(() -> Tensor.zeros(1L << 50)).isInstanceOf(ResourceException.class);
    }

    @Test
    void readsWholeNumbersExactly() {
        Tensor t = Tensor.zeros(DType.I64, 1);
        t.data().set(PlainCodecs.LONG, 0, (1L << 40) + 1);
        assertThat(t.getLong(0)).isEqualTo((1L << 40) + 1);
        assertThatThrownBy(() -> t.getInt(0)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void roundsToNearestEven() {
        Tensor b = Tensor.zeros(DType.BF16, 4);
        b.set(0, 1 + 1 / 256f); // halfway between 1 and 1 + 1/128: to the even one
        b.set(1, 1 + 3 / 256f);
        b.set(2, Float.NaN);
        b.set(3, Float.MAX_VALUE);
        assertThat(b.toFloats()).containsExactly(1, 1 + 2 / 128f, Float.NaN, Float.POSITIVE_INFINITY);
        Tensor h = Tensor.zeros(DType.F16, 2);
        h.set(0, 1 + 1 / 2048f);
        h.set(1, 65520);
        assertThat(h.toFloats()).containsExactly(1, Float.POSITIVE_INFINITY);
    }

    /** Sizes around the squares in which it is done; a transposed quantised matrix is the widened one's. */
    @Test
    void rowsAndColumnsAreExchanged() {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.I32, DType.Q8_0}) {
            for (int[] size : new int[][] {{1, 32}, {16, 32}, {17, 64}, {33, 32}}) {
                float[] x = new float[size[0] * size[1]];
                for (int i = 0; i < x.length; i++) {
                    x[i] = i % 97 - 40;
                }
                Tensor t = Tensor.of(x, size[0], size[1]).to(dtype);
                try (Arena arena = Arena.ofConfined()) {
                    Tensor turned = t.transposed(arena);
                    assertThat(turned.shape()).containsExactly(size[1], size[0]);
                    for (int r = 0; r < size[0]; r++) {
                        for (int c = 0; c < size[1]; c++) {
                            assertThat(turned.get((long) c * size[0] + r)).isEqualTo(t.get((long) r * size[1] + c));
                        }
                    }
                }
            }
        }
        Tensor square = Tensor.zeros(2, 3);
        assertThatThrownBy(() -> square.transposeInto(Tensor.zeros(2, 3))).isInstanceOf(IllegalArgumentException.class);
    }
}
