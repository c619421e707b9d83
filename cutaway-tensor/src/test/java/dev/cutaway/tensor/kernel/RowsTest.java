package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chosen row functions against the plain ones and against double precision. */
class RowsTest {
    private static final RowKernels CHOSEN = Kernels.get().rows();
    private static final RowKernels PLAIN = Kernels.scalar().rows();
    private static final int[] SIZES = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 97, 576, 1536};

    /** Element by element: the same bits as the plain functions, in place too, and nothing written past the end. */
    @ParameterizedTest
    @EnumSource(Activation.class)
    void activationsEqualThePlainOnes(Activation function) {
        for (int n : SIZES) {
            MemorySegment x = Weights.segment(n + 3, n);
            PLAIN.scale(4, x, 0, x, 0, n + 3);
            MemorySegment up = Weights.segment(n + 3, n + 1);
            MemorySegment y = Weights.segment(n + 6, 5);
            MemorySegment expected = Weights.segment(n + 6, 5);
            CHOSEN.activate(function, x, 1, y, 3, n);
            PLAIN.activate(function, x, 1, expected, 3, n);
            assertThat(Weights.floats(y, 0, n + 6)).isEqualTo(Weights.floats(expected, 0, n + 6));
            CHOSEN.activateGated(function, x, 1, up, 2, y, 3, n);
            PLAIN.activateGated(function, x, 1, up, 2, expected, 3, n);
            assertThat(Weights.floats(y, 0, n + 6)).isEqualTo(Weights.floats(expected, 0, n + 6));
            CHOSEN.activateGated(function, x, 1, up, 2, up, 2, n);
            assertThat(Weights.floats(up, 2, n)).isEqualTo(Weights.floats(expected, 3, n));
            CHOSEN.activateGated(function, x, 1, y, 3, x, 1, n);
            CHOSEN.activate(function, y, 3, y, 3, n);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 65, 576})
    void arithmeticEqualsThePlainOne(int n) {
        MemorySegment a = Weights.segment(n + 5, 1);
        MemorySegment b = Weights.segment(n + 5, 2);
        MemorySegment y = Weights.segment(n + 5, 3);
        MemorySegment expected = Weights.segment(n + 5, 3);
        CHOSEN.add(a, 1, b, 2, y, 3, n);
        PLAIN.add(a, 1, b, 2, expected, 3, n);
        same(y, expected, n + 5);
        CHOSEN.multiply(a, 1, b, 2, y, 3, n);
        PLAIN.multiply(a, 1, b, 2, expected, 3, n);
        same(y, expected, n + 5);
        CHOSEN.scale(0.3f, a, 1, y, 3, n);
        PLAIN.scale(0.3f, a, 1, expected, 3, n);
        same(y, expected, n + 5);
        CHOSEN.addScaled(0.7f, b, 2, y, 3, n);
        PLAIN.addScaled(0.7f, b, 2, expected, 3, n);
        same(y, expected, n + 5);
        CHOSEN.softCap(1.5f, y, 3, y, 3, n);
        PLAIN.softCap(1.5f, expected, 3, expected, 3, n);
        same(y, expected, n + 5);
        CHOSEN.exp(a, 1, y, 3, n);
        PLAIN.exp(a, 1, expected, 3, n);
        same(y, expected, n + 5);
        assertThat(CHOSEN.argMax(a, 1, n)).isEqualTo(PLAIN.argMax(a, 1, n));
        assertThat(CHOSEN.max(a, 1, n)).isEqualTo(PLAIN.max(a, 1, n));
    }

    private static void same(MemorySegment y, MemorySegment expected, int n) {
        assertThat(Weights.floats(y, 0, n)).isEqualTo(Weights.floats(expected, 0, n));
    }

    @Test
    void sumsAreWithinRounding() {
        for (int n : SIZES) {
            MemorySegment a = Weights.segment(n + 5, 1);
            MemorySegment b = Weights.segment(n + 5, 2);
            double dot = 0;
            double exps = 0;
            double length = 0;
            for (int i = 0; i < n; i++) {
                dot += (double) Floats.get(a, i + 1) * Floats.get(b, i + 2);
                length += Math.abs((double) Floats.get(a, i + 1) * Floats.get(b, i + 2));
                exps += Math.exp(Floats.get(a, i + 1));
            }
            assertThat((double) CHOSEN.dot(a, 1, b, 2, n)).isCloseTo(dot, Offset.offset(1e-6 * length));
            assertThat((double) CHOSEN.logSumExp(a, 1, n)).isCloseTo(Math.log(exps), Offset.offset(2e-6));
            MemorySegment y = Weights.segment(n + 5, 7);
            MemorySegment expected = Weights.segment(n + 5, 7);
            CHOSEN.softmax(a, 1, y, 2, n);
            PLAIN.softmax(a, 1, expected, 2, n);
            close(y, expected, n + 5, 1e-6);
        }
    }

    @Test
    void normsAreWithinRounding() {
        for (int n : SIZES) {
            int rows = 3;
            MemorySegment x = Weights.segment(rows * (n + 1), 1);
            MemorySegment weight = Weights.segment(n + 1, 2);
            MemorySegment bias = Weights.segment(n + 2, 3);
            MemorySegment y = Weights.segment(rows * (n + 2), 4);
            MemorySegment expected = Weights.segment(rows * (n + 2), 4);
            CHOSEN.rmsNorm(x, 0, n + 1, weight, 1, 1, 1e-5f, y, 1, n + 2, rows, n);
            PLAIN.rmsNorm(x, 0, n + 1, weight, 1, 1, 1e-5f, expected, 1, n + 2, rows, n);
            close(y, expected, rows * (n + 2), 2e-6);
            if (n > 1) { // the variance of one element is nothing but rounding
                CHOSEN.layerNorm(x, 0, n + 1, weight, 1, bias, 2, 1e-5f, y, 1, n + 2, rows, n);
                PLAIN.layerNorm(x, 0, n + 1, weight, 1, bias, 2, 1e-5f, expected, 1, n + 2, rows, n);
                close(y, expected, rows * (n + 2), 1e-5);
            }
        }
    }

    private static void close(MemorySegment y, MemorySegment expected, int n, double tolerance) {
        float[] want = Weights.floats(expected, 0, n);
        float[] have = Weights.floats(y, 0, n);
        for (int i = 0; i < n; i++) {
            assertThat((double) have[i]).isCloseTo(want[i], Offset.offset(tolerance * (1 + Math.abs(want[i]))));
        }
    }

    @Test
    void rotationsEqualThePlainOne() {
        for (int pairs : new int[] {1, 3, 4, 8, 16, 32, 40}) {
            for (boolean interleaved : new boolean[] {false, true}) {
                int head = 2 * pairs + 5;
                MemorySegment x = Weights.segment(3 * head + 1, 1);
                MemorySegment expected = Weights.segment(3 * head + 1, 1);
                MemorySegment cos = Weights.segment(pairs + 1, 2);
                MemorySegment sin = Weights.segment(pairs + 2, 3);
                CHOSEN.rotate(x, 1, 3, head, pairs, cos, 1, sin, 2, interleaved);
                PLAIN.rotate(expected, 1, 3, head, pairs, cos, 1, sin, 2, interleaved);
                same(x, expected, 3 * head + 1);
            }
        }
    }

    @Test
    void exponentialsAreTrueToTwoUnits() {
        int n = 200_001;
        MemorySegment x = Weights.segment(n, 1);
        for (int i = 0; i < n; i++) {
            Floats.set(x, i, -104 + 193f * i / (n - 1));
        }
        MemorySegment y = Weights.segment(n, 2);
        CHOSEN.exp(x, 0, y, 0, n);
        double worst = 0;
        for (int i = 0; i < n; i++) {
            double exact = Math.exp(Floats.get(x, i));
            float have = Floats.get(y, i);
            if (exact <= Float.MAX_VALUE) {
                worst = Math.max(worst, Math.abs(have - exact) / Math.ulp((float) exact));
            } else {
                assertThat(have).isEqualTo(Float.POSITIVE_INFINITY);
            }
        }
        assertThat(worst).isLessThan(2);
    }

    @Test
    void endsOfTheExponential() {
        float[] special = {Float.NEGATIVE_INFINITY, -200, Float.POSITIVE_INFINITY, 200, 0, Float.NaN, -0f, 1, -1};
        MemorySegment x = Weights.segment(special.length, 1);
        for (int i = 0; i < special.length; i++) {
            Floats.set(x, i, special[i]);
        }
        CHOSEN.exp(x, 0, x, 0, special.length);
        float e = (float) Math.E;
        assertThat(Weights.floats(x, 0, special.length))
                .containsExactly(0, 0, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, 1, Float.NaN, 1, e, 1 / e);
    }

    @Test
    void activationsAreTrueToTheirDefinitions() {
        for (float v = -12; v < 12; v += 0.0037f) {
            double x = v;
            double cube = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
            check(Activation.GELU_TANH, v, x / 2 * (1 + Math.tanh(cube)));
            check(Activation.SILU, v, x / (1 + Math.exp(-x)));
            check(Activation.QUICK_GELU, v, x / (1 + Math.exp(-1.702 * x)));
            check(Activation.SIGMOID, v, 1 / (1 + Math.exp(-x)));
            check(Activation.TANH, v, Math.tanh(x));
            check(Activation.GELU_ERF, v, x / 2 * (1 + erf(x / Math.sqrt(2))));
        }
        assertThat(ScalarMath.activate(Activation.SILU, -1e30f)).isZero();
        assertThat(ScalarMath.activate(Activation.GELU_TANH, 1e30f)).isEqualTo(1e30f);
    }

    private static void check(Activation function, float x, double expected) {
        double have = ScalarMath.activate(function, x);
        assertThat(have)
                .as("%s(%s)", function, x)
                .isCloseTo(expected, Offset.offset(3e-7 * (Math.abs(expected) + 0.3)));
    }

    /** By its Taylor series, and 1 beyond. */
    private static double erf(double x) {
        if (Math.abs(x) > 4) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
