package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.tensor.kernel.DenseKernels.Start;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The chosen kernels against the plain ones, and those against finite differences. */
class DenseTest {
    private final DenseKernels plain = Kernels.scalar().dense();
    private final DenseKernels chosen = Kernels.get().dense();
    private final SplittableRandom random = new SplittableRandom(11);

    private MemorySegment floats(long n, double size) {
        MemorySegment s = Arena.ofAuto().allocate(Math.max(4, 4 * n), 64);
        for (long i = 0; i < n; i++) {
            Floats.set(s, i, (float) (size * random.nextGaussian()));
        }
        return s;
    }

    private static MemorySegment copy(MemorySegment s) {
        MemorySegment t = Arena.ofAuto().allocate(s.byteSize(), 64);
        return t.copyFrom(s);
    }

    private MemorySegment scratch() {
        return floats(Math.max(64, chosen.scratchFloats()), 1);
    }

    private static void same(MemorySegment a, MemorySegment b, String what) {
        for (long i = 0; i < a.byteSize() / 4; i++) {
            assertThat(Floats.get(a, i)).as("%s, float %s", what, i).isEqualTo(Floats.get(b, i));
        }
    }

    private static void near(MemorySegment a, MemorySegment b, double most, String what) {
        for (long i = 0; i < a.byteSize() / 4; i++) {
            double y = Floats.get(b, i);
            assertThat((double) Floats.get(a, i))
                    .as("%s, float %s", what, i)
                    .isCloseTo(y, within(most * (1 + Math.abs(y))));
        }
    }

    @Test
    void productsAreThePlainOnesBitForBit() {
        int[][] sizes = {
            {1, 1, 1},
            {1, 16, 3},
            {6, 16, 8},
            {7, 17, 5},
            {5, 31, 9},
            {13, 33, 64},
            {12, 48, 257},
            {97, 20, 4},
            {100, 272, 30},
            {101, 48, 300},
            {4, 64, 3},
            {96, 128, 256},
            {3, 300, 517},
            {200, 15, 2},
            {64, 64, 64}
        };
        for (int[] s : sizes) {
            for (int kind = 0; kind < 8; kind++) {
                product(s[0], s[1], s[2], (kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0);
            }
        }
    }

    private void product(int m, int n, int k, boolean turnedA, boolean turnedB, boolean add) {
        int pad = random.nextInt(4);
        // Nothing may be read behind the last element.
        MemorySegment a = floats(pad + (turnedA ? (k - 1L) * (m + pad) + m : (m - 1L) * (k + pad) + k), 1);
        MemorySegment b = floats((long) (k + pad) * (n + pad) + 8, 1);
        MemorySegment c = floats((long) (m + 1) * (n + pad), 1);
        MemorySegment want = copy(c);
        View va = turnedA ? View.rows(a, pad, m + pad).transposed() : View.rows(a, pad, k + pad);
        View vb = turnedB ? View.rows(b, 1, k + pad).transposed() : View.rows(b, 1, n + pad);
        plain.multiply(m, n, k, va, vb, View.rows(want, 0, n + pad), add, scratch(), 0);
        chosen.multiply(m, n, k, va, vb, View.rows(c, 0, n + pad), add, scratch(), 0);
        same(c, want, m + " x " + n + " x " + k + " " + turnedA + " " + turnedB + " " + add);
    }

    @Test
    void sumsStartFromRowsAndABias() {
        for (int[] size :
                new int[][] {{5, 16, 3}, {9, 48, 257}, {100, 128, 300}, {7, 20, 9}, {98, 40, 33}, {1, 64, 5}}) {
            int m = size[0];
            int n = size[1];
            int k = size[2];
            MemorySegment a = floats((long) m * k, 1);
            MemorySegment b = floats((long) k * n, 1);
            for (int kind = 0; kind < 8; kind++) {
                int apart = n + (kind & 1);
                MemorySegment plus = floats((long) m * apart + 1, 1);
                MemorySegment bias = floats(n + 2, 1);
                MemorySegment c = floats((long) m * (n + 1), 1);
                MemorySegment want = copy(c);
                View to = View.rows(c, 0, n + 1);
                View wanted = View.rows(want, 0, n + 1);
                boolean onto = (kind & 2) != 0;
                Start start = Start.rows(onto ? to : View.rows(plus, 1, apart));
                Start plain = Start.rows(onto ? wanted : View.rows(plus, 1, apart));
                if ((kind & 4) != 0) {
                    start = start.and(bias, 2);
                    plain = plain.and(bias, 2);
                }
                multiply(m, n, k, a, b, wanted, plain, this.plain);
                multiply(m, n, k, a, b, to, start, chosen);
                same(c, want, m + " x " + n + " kind " + kind);
                MemorySegment x = floats((long) m * n, 1);
                MemorySegment biased = copy(x);
                multiply(m, n, k, a, b, View.rows(x, 0, n), Start.ZERO.and(bias, 1), this.plain);
                multiply(m, n, k, a, b, View.rows(biased, 0, n), Start.ZERO.and(bias, 1), chosen);
                same(biased, x, m + " x " + n + " a bias alone");
            }
        }
        Start both = Start.rows(View.rows(floats(64, 1), 0, 8)).and(floats(8, 1), 0);
        MemorySegment c = floats(64, 1);
        multiply(8, 8, 1, floats(8, 0), floats(8, 0), View.rows(c, 0, 8), both, plain);
        assertThat(Floats.get(c, 19)).isEqualTo(Floats.get(both.plus().data(), 19) + Floats.get(both.bias(), 3));
    }

    private void multiply(int m, int n, int k, MemorySegment a, MemorySegment b, View c, Start start, DenseKernels d) {
        d.multiply(m, n, k, View.rows(a, 0, k), View.rows(b, 0, n), c, start, scratch(), 0);
    }

    @Test
    void behindPaddedSumsAreZeros() {
        for (int[] size : new int[][] {{5, 16, 3}, {50, 50, 32}, {7, 1, 64}, {3, 31, 300}, {10, 300, 8}}) {
            int m = size[0];
            int n = size[1];
            int k = size[2];
            int room = (n + 15) / 16 * 16;
            MemorySegment a = floats((long) m * k, 1);
            MemorySegment b = floats((long) n * k, 1);
            MemorySegment c = floats((long) m * room, 1);
            MemorySegment want = copy(c);
            View turned = View.rows(b, 0, k).transposed();
            plain.multiplyPadded(m, n, k, View.rows(a, 0, k), turned, View.rows(want, 0, room), scratch(), 0);
            chosen.multiplyPadded(m, n, k, View.rows(a, 0, k), turned, View.rows(c, 0, room), scratch(), 0);
            same(c, want, m + " x " + n);
            for (int j = n; j < room; j++) {
                assertThat(Floats.get(c, (m - 1L) * room + j)).isZero();
            }
        }
    }

    @Test
    void slopes() {
        int n = 1003;
        MemorySegment x = floats(n, 3);
        Floats.set(x, 0, 0);
        Floats.set(x, 1, 200);
        Floats.set(x, 2, -200);
        MemorySegment dy = floats(n, 1);
        MemorySegment a = floats(n, 1);
        MemorySegment b = copy(a);
        for (Activation f : Activation.values()) {
            plain.slope(f, x, 0, dy, 0, b, 0, n);
            chosen.slope(f, x, 0, dy, 0, a, 0, n);
            near(a, b, 1e-6, f.toString());
            for (int i = 3; i < 100; i++) {
                double v = Floats.get(x, i);
                double h = 1e-2;
                double up = ScalarMath.activate(f, (float) (v + h));
                double down = ScalarMath.activate(f, (float) (v - h));
                boolean kink = Math.abs(v) < h;
                if (!kink) {
                    assertThat((double) ScalarDense.slope(f, (float) v))
                            .as("%s at %s", f, v)
                            .isCloseTo((up - down) / (2 * h), within(2e-4 * (1 + Math.abs(v))));
                }
            }
        }
    }

    @Test
    void normsBack() {
        for (int width : new int[] {8, 20, 64, 136}) {
            int rows = 5;
            MemorySegment x = floats((long) rows * width, 2);
            MemorySegment gain = floats(width, 1);
            MemorySegment dy = floats((long) rows * width, 1);
            for (boolean rms : new boolean[] {false, true}) {
                for (boolean wanted : new boolean[] {false, true}) {
                    MemorySegment dx = copy(dy);
                    MemorySegment dx2 = copy(dy);
                    MemorySegment none = MemorySegment.NULL;
                    MemorySegment dg = wanted ? floats(width, 1) : none;
                    MemorySegment db = wanted && !rms ? floats(width, 1) : none;
                    MemorySegment dg2 = wanted ? copy(dg) : none;
                    MemorySegment db2 = wanted && !rms ? copy(db) : none;
                    plain.normBack(rms, x, 0, gain, 1, 1e-5f, dx, 0, dx, 0, dg, 0, db, 0, rows, width, scratch(), 0);
                    chosen.normBack(
                            rms, x, 0, gain, 1, 1e-5f, dx2, 0, dx2, 0, dg2, 0, db2, 0, rows, width, scratch(), 0);
                    near(dx2, dx, 2e-6, "dx");
                    near(dg2, dg, 2e-6, "gain");
                    near(db2, db, 2e-6, "bias");
                }
            }
        }
    }

    @Test
    void softmaxesOfRows() {
        for (int[] c : new int[][] {{1, 16, 1, 0}, {5, 16, 16, 0}, {7, 32, 1, 1}, {16, 48, 25, 1}, {9, 32, 21, 0}}) {
            MemorySegment a = floats((long) c[0] * c[1], 3);
            MemorySegment b = copy(a);
            plain.softmaxRows(0.7f, a, 0, c[0], c[1], c[2], c[3]);
            chosen.softmaxRows(0.7f, b, 0, c[0], c[1], c[2], c[3]);
            near(b, a, 1e-6, java.util.Arrays.toString(c));
            for (int r = 0; r < c[0]; r++) {
                double sum = 0;
                for (int i = 0; i < c[1]; i++) {
                    float p = Floats.get(b, (long) r * c[1] + i);
                    sum += p;
                    assertThat(i < c[2] + r * c[3] || p == 0)
                            .as("row %s, %s: %s", r, i, p)
                            .isTrue();
                }
                assertThat(sum).isCloseTo(1, within(1e-6));
            }
        }
    }

    @Test
    void softmaxBack() {
        for (int n : new int[] {1, 8, 21, 64}) {
            int rows = 3;
            MemorySegment p = floats(3L * n, 1);
            for (int r = 0; r < rows; r++) {
                Kernels.scalar().rows().softmax(p, (long) r * n, p, (long) r * n, n);
            }
            MemorySegment a = floats(3L * n, 1);
            MemorySegment b = copy(a);
            plain.softmaxBack(0.3f, p, 0, a, 0, rows, n);
            chosen.softmaxBack(0.3f, p, 0, b, 0, rows, n);
            near(b, a, 1e-6, "ds");
        }
    }
}
