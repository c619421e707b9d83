package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Floats.get;
import static dev.cutaway.tensor.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/** The plain statement of each row function. */
final class ScalarRows implements RowKernels {
    @Override
    public void rmsNorm(
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment weight,
            long weightAt,
            float offset,
            float eps,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int width) {
        for (int r = 0; r < rows; r++) {
            long from = xAt + r * xStride;
            float inverse = 1 / (float) Math.sqrt(dot(x, from, x, from, width) / width + eps);
            for (int i = 0; i < width; i++) {
                set(y, yAt + r * yStride + i, get(x, from + i) * inverse * (get(weight, weightAt + i) + offset));
            }
        }
    }

    @Override
    public void layerNorm(
            MemorySegment x,
            long xAt,
            long xStride,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            float eps,
            MemorySegment y,
            long yAt,
            long yStride,
            int rows,
            int width) {
        for (int r = 0; r < rows; r++) {
            long from = xAt + r * xStride;
            float mean = sum(x, from, width) / width;
            float squares = 0;
            for (int i = 0; i < width; i++) {
                float d = get(x, from + i) - mean;
                squares = Math.fma(d, d, squares);
            }
            float inverse = 1 / (float) Math.sqrt(squares / width + eps);
            for (int i = 0; i < width; i++) {
                float normal = (get(x, from + i) - mean) * inverse;
                set(y, yAt + r * yStride + i, Math.fma(normal, get(weight, weightAt + i), get(bias, biasAt + i)));
            }
        }
    }

    private static float sum(MemorySegment x, long at, long n) {
        float sum = 0;
        for (long i = 0; i < n; i++) {
            sum += get(x, at + i);
        }
        return sum;
    }

    @Override
    public void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, get(a, aAt + i) + get(b, bAt + i));
        }
    }

    @Override
    public void multiply(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, get(a, aAt + i) * get(b, bAt + i));
        }
    }

    @Override
    public void scale(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, factor * get(x, xAt + i));
        }
    }

    @Override
    public void addScaled(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, Math.fma(factor, get(x, xAt + i), get(y, yAt + i)));
        }
    }

    @Override
    public void activate(Activation function, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, ScalarMath.activate(function, get(x, xAt + i)));
        }
    }

    @Override
    public void activateGated(
            Activation function,
            MemorySegment gate,
            long gateAt,
            MemorySegment up,
            long upAt,
            MemorySegment y,
            long yAt,
            long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, ScalarMath.activate(function, get(gate, gateAt + i)) * get(up, upAt + i));
        }
    }

    @Override
    public void exp(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, ScalarMath.exp(get(x, xAt + i)));
        }
    }

    @Override
    public void softCap(float cap, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        for (long i = 0; i < n; i++) {
            set(y, yAt + i, cap * ScalarMath.tanh(get(x, xAt + i) / cap));
        }
    }

    @Override
    public void softmax(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        float max = max(x, xAt, n);
        float sum = 0;
        for (long i = 0; i < n; i++) {
            float e = ScalarMath.exp(get(x, xAt + i) - max);
            set(y, yAt + i, e);
            sum += e;
        }
        scale(1 / sum, y, yAt, y, yAt, n);
    }

    @Override
    public float logSumExp(MemorySegment x, long xAt, long n) {
        float max = max(x, xAt, n);
        float sum = 0;
        for (long i = 0; i < n; i++) {
            sum += ScalarMath.exp(get(x, xAt + i) - max);
        }
        return max + (float) Math.log(sum);
    }

    @Override
    public float max(MemorySegment x, long xAt, long n) {
        float max = Float.NEGATIVE_INFINITY;
        for (long i = 0; i < n; i++) {
            max = Math.max(max, get(x, xAt + i));
        }
        return max;
    }

    @Override
    public long argMax(MemorySegment x, long xAt, long n) {
        long best = 0;
        for (long i = 1; i < n; i++) {
            if (get(x, xAt + i) > get(x, xAt + best)) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, long n) {
        float sum = 0;
        for (long i = 0; i < n; i++) {
            sum = Math.fma(get(a, aAt + i), get(b, bAt + i), sum);
        }
        return sum;
    }

    @Override
    public void rotate(
            MemorySegment x,
            long xAt,
            int heads,
            int headSize,
            int pairs,
            MemorySegment cos,
            long cosAt,
            MemorySegment sin,
            long sinAt,
            boolean interleaved) {
        for (int h = 0; h < heads; h++) {
            long head = xAt + (long) h * headSize;
            for (int i = 0; i < pairs; i++) {
                long first = head + (interleaved ? 2L * i : i);
                long second = head + (interleaved ? 2L * i + 1 : i + pairs);
                float a = get(x, first);
                float b = get(x, second);
                float c = get(cos, cosAt + i);
                float s = get(sin, sinAt + i);
                set(x, first, Math.fma(a, c, -(b * s)));
                set(x, second, Math.fma(b, c, a * s));
            }
        }
    }
}
