package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Row functions in vectors; what is left over at the end of a row is computed one by one, with the same functions. */
final class VectorRows implements RowKernels {
    private static final ScalarRows REST = new ScalarRows();

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
            Norms.scaled(inverse, offset, x, from, weight, weightAt, y, yAt + r * yStride, width);
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
            float mean = Norms.sum(x, from, width) / width;
            float inverse = 1 / (float) Math.sqrt(Norms.squares(mean, x, from, width) / width + eps);
            Norms.centred(mean, inverse, x, from, weight, weightAt, bias, biasAt, y, yAt + r * yStride, width);
        }
    }

    @Override
    public void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, a, 4 * aAt + i, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, b, 4 * bAt + i, ORDER))
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        REST.add(a, aAt + whole, b, bAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void multiply(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, a, 4 * aAt + i, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, b, 4 * bAt + i, ORDER))
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        REST.multiply(a, aAt + whole, b, bAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void scale(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .mul(factor)
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        REST.scale(factor, x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void addScaled(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        FloatVector f = FloatVector.broadcast(FLOATS, factor);
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .fma(f, FloatVector.fromMemorySegment(FLOATS, y, 4 * yAt + i, ORDER))
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        REST.addScaled(factor, x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void activate(Activation function, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        switch (function) {
            case IDENTITY -> MemorySegment.copy(x, 4 * xAt, y, 4 * yAt, 4 * n);
            case RELU -> rectify(x, xAt, y, yAt, n);
            case RELU_SQUARED -> {
                rectify(x, xAt, y, yAt, n);
                multiply(y, yAt, y, yAt, y, yAt, n);
            }
            case GELU_TANH -> Exponentials.gated(ScalarMath.GELU_1, ScalarMath.GELU_3, x, xAt, y, yAt, n);
            case GELU_ERF -> Exponentials.gelu(x, xAt, y, yAt, n);
            case QUICK_GELU -> Exponentials.gated(1.702f, 0, x, xAt, y, yAt, n);
            case SILU -> Exponentials.gated(1, 0, x, xAt, y, yAt, n);
            case SIGMOID -> Exponentials.sigmoid(x, xAt, y, yAt, n);
            case TANH -> Exponentials.tanh(x, xAt, y, yAt, n);
        }
    }

    private static void rectify(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .max(0)
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        REST.activate(Activation.RELU, x, xAt + whole, y, yAt + whole, n - whole);
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
        switch (function) {
            case SILU -> Exponentials.gatedProduct(1, 0, gate, gateAt, up, upAt, y, yAt, n);
            case QUICK_GELU -> Exponentials.gatedProduct(1.702f, 0, gate, gateAt, up, upAt, y, yAt, n);
            case GELU_TANH ->
                Exponentials.gatedProduct(ScalarMath.GELU_1, ScalarMath.GELU_3, gate, gateAt, up, upAt, y, yAt, n);
            default -> {
                if (y.address() + 4 * yAt == up.address() + 4 * upAt) { // two passes would overwrite up
                    REST.activateGated(function, gate, gateAt, up, upAt, y, yAt, n);
                } else {
                    activate(function, gate, gateAt, y, yAt, n);
                    multiply(y, yAt, up, upAt, y, yAt, n);
                }
            }
        }
    }

    @Override
    public void exp(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        Exponentials.shifted(0, x, xAt, y, yAt, n);
    }

    @Override
    public void softCap(float cap, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .div(cap)
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        Exponentials.tanh(y, yAt, y, yAt, whole);
        scale(cap, y, yAt, y, yAt, whole);
        REST.softCap(cap, x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void softmax(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        float sum = Exponentials.shifted(max(x, xAt, n), x, xAt, y, yAt, n);
        scale(1 / sum, y, yAt, y, yAt, n);
    }

    @Override
    public float logSumExp(MemorySegment x, long xAt, long n) {
        float max = max(x, xAt, n);
        return max + (float) Math.log(Exponentials.sumShifted(max, x, xAt, n));
    }

    @Override
    public float max(MemorySegment x, long xAt, long n) {
        long whole = n - n % COUNT;
        FloatVector greatest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (long i = 0; i < 4 * whole; i += BYTES) {
            greatest = greatest.max(FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER));
        }
        float rest = REST.max(x, xAt + whole, n - whole);
        return Math.max(rest, greatest.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public long argMax(MemorySegment x, long xAt, long n) {
        float max = max(x, xAt, n);
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            var equal =
                    FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER).compare(VectorOperators.EQ, max);
            if (equal.anyTrue()) {
                return i / 4 + equal.firstTrue();
            }
        }
        return whole < n ? whole + REST.argMax(x, xAt + whole, n - whole) : 0;
    }

    @Override
    public float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, long n) {
        long whole = n - n % COUNT;
        float sum = Norms.dot(a, 4 * aAt, b, 4 * bAt, 4 * whole);
        for (long i = whole; i < n; i++) {
            sum = Math.fma(Floats.get(a, aAt + i), Floats.get(b, bAt + i), sum);
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
        if (interleaved || pairs % COUNT != 0) {
            REST.rotate(x, xAt, heads, headSize, pairs, cos, cosAt, sin, sinAt, interleaved);
            return;
        }
        for (int h = 0; h < heads; h++) {
            long first = 4 * (xAt + (long) h * headSize);
            long second = first + 4L * pairs;
            for (long i = 0; i < 4L * pairs; i += BYTES) {
                FloatVector a = FloatVector.fromMemorySegment(FLOATS, x, first + i, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(FLOATS, x, second + i, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(FLOATS, cos, 4 * cosAt + i, ORDER);
                FloatVector s = FloatVector.fromMemorySegment(FLOATS, sin, 4 * sinAt + i, ORDER);
                a.fma(c, b.mul(s).neg()).intoMemorySegment(x, first + i, ORDER);
                b.fma(c, a.mul(s)).intoMemorySegment(x, second + i, ORDER);
            }
        }
    }
}
