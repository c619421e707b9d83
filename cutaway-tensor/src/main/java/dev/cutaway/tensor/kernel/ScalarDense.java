package dev.cutaway.tensor.kernel;

import java.lang.foreign.MemorySegment;

/** The plain statement of {@link DenseKernels}, which other versions are held to. */
final class ScalarDense implements DenseKernels {
    private static final float BELL = 0.3989422804f; // 1 / sqrt(2 pi)

    @Override
    public long scratchFloats() {
        return 0;
    }

    @Override
    public void multiply(
            int m, int n, int k, View a, View b, View c, Start start, MemorySegment scratch, long scratchAt) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = start.at(i, j);
                for (int p = 0; p < k; p++) {
                    sum = Math.fma(Floats.get(a.data(), a.at(i, p)), Floats.get(b.data(), b.at(p, j)), sum);
                }
                Floats.set(c.data(), c.at(i, j), sum);
            }
        }
    }

    @Override
    public void slope(
            Activation function,
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            long n) {
        for (long i = 0; i < n; i++) {
            Floats.set(dx, dxAt + i, Floats.get(dy, dyAt + i) * slope(function, Floats.get(x, xAt + i)));
        }
    }

    static float slope(Activation function, float x) {
        return switch (function) {
            case IDENTITY -> 1;
            case RELU -> x > 0 ? 1 : 0;
            case RELU_SQUARED -> 2 * Math.max(x, 0);
            case GELU_TANH -> gated(x, ScalarMath.GELU_1, ScalarMath.GELU_3);
            case QUICK_GELU -> gated(x, 1.702f, 0);
            case SILU -> gated(x, 1, 0);
            case GELU_ERF ->
                Math.fma(
                        x * BELL, ScalarMath.exp(-0.5f * x * x), 0.5f * (1 + ScalarMath.erf(x * ScalarMath.ROOT_HALF)));
            case SIGMOID -> {
                float s = ScalarMath.sigmoid(x);
                yield s * (1 - s);
            }
            case TANH -> {
                float t = ScalarMath.tanh(x);
                yield 1 - t * t;
            }
        };
    }

    /** The slope of {@code x s(u)} with {@code u = x (c1 + c3 x^2)}: {@code s + x s (1 - s) u'}. */
    private static float gated(float x, float c1, float c3) {
        float t = Math.min(Math.max(x, -ScalarMath.GATE_LIMIT), ScalarMath.GATE_LIMIT);
        float s = 1 / (1 + ScalarMath.exp(-(t * Math.fma(c3, t * t, c1))));
        float steep = Math.fma(3 * c3, t * t, c1);
        return Math.fma(t * s * (1 - s), steep, s);
    }

    @Override
    public void normBack(
            boolean rms,
            MemorySegment x,
            long xAt,
            MemorySegment gain,
            float offset,
            float eps,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            MemorySegment dGain,
            long dGainAt,
            MemorySegment dBias,
            long dBiasAt,
            int rows,
            int width,
            MemorySegment scratch,
            long scratchAt) {
        for (int r = 0; r < rows; r++) {
            long at = (long) r * width;
            float mean = 0;
            for (int i = 0; !rms && i < width; i++) {
                mean += Floats.get(x, xAt + at + i);
            }
            mean /= width;
            float squares = 0;
            for (int i = 0; i < width; i++) {
                float d = Floats.get(x, xAt + at + i) - mean;
                squares = Math.fma(d, d, squares);
            }
            float inverse = 1 / (float) Math.sqrt(squares / width + eps);
            float sum = 0;
            float product = 0;
            for (int i = 0; i < width; i++) {
                float g = Floats.get(dy, dyAt + at + i) * (Floats.get(gain, i) + offset);
                sum += rms ? 0 : g;
                product = Math.fma(g, (Floats.get(x, xAt + at + i) - mean) * inverse, product);
            }
            sum /= width;
            product /= width;
            for (int i = 0; i < width; i++) {
                float d = Floats.get(dy, dyAt + at + i);
                float normal = (Floats.get(x, xAt + at + i) - mean) * inverse;
                float g = d * (Floats.get(gain, i) + offset);
                if (dGain.byteSize() > 0) {
                    Floats.set(dGain, dGainAt + i, Math.fma(d, normal, Floats.get(dGain, dGainAt + i)));
                }
                if (dBias.byteSize() > 0) {
                    Floats.set(dBias, dBiasAt + i, d + Floats.get(dBias, dBiasAt + i));
                }
                Floats.set(dx, dxAt + at + i, inverse * (g - sum - normal * product));
            }
        }
    }

    @Override
    public void softmaxRows(float scale, MemorySegment p, long pAt, int rows, int stride, int valid, int more) {
        for (int r = 0; r < rows; r++) {
            long at = pAt + (long) r * stride;
            int n = valid + r * more;
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                max = Math.max(max, scale * Floats.get(p, at + i));
            }
            float sum = 0;
            for (int i = 0; i < n; i++) {
                float e = ScalarMath.exp(scale * Floats.get(p, at + i) - max);
                Floats.set(p, at + i, e);
                sum += e;
            }
            float by = 1 / sum;
            for (int i = 0; i < stride; i++) {
                Floats.set(p, at + i, i < n ? by * Floats.get(p, at + i) : 0);
            }
        }
    }

    @Override
    public void softmaxBack(float scale, MemorySegment p, long pAt, MemorySegment dp, long dpAt, int rows, int width) {
        for (int r = 0; r < rows; r++) {
            long a = pAt + (long) r * width;
            long b = dpAt + (long) r * width;
            float sum = 0;
            for (int i = 0; i < width; i++) {
                sum = Math.fma(Floats.get(p, a + i), Floats.get(dp, b + i), sum);
            }
            for (int i = 0; i < width; i++) {
                Floats.set(dp, b + i, scale * Floats.get(p, a + i) * (Floats.get(dp, b + i) - sum));
            }
        }
    }
}
