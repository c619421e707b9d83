package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Row functions by machine code, see {@link RowCode}; what is left over at the end of a row is computed one by one, with the
 * same functions. What it does not do (norms and softmaxes of rows that end within a vector, memory on the heap) plain code
 * does.
 */
final class MachineRows implements RowKernels {
    private static final int EIGHT = 8;
    private static final ScalarRows REST = new ScalarRows();

    private final MachineCode add = MachineCode.of(RowCode.zip(Assembler.Op.ADD));
    private final MachineCode multiply = MachineCode.of(RowCode.zip(Assembler.Op.MUL));
    private final MachineCode scale = MachineCode.of(RowCode.scale(false));
    private final MachineCode addScaled = MachineCode.of(RowCode.scale(true));
    private final MachineCode rmsNorm = MachineCode.of(RowCode.rmsNorm());
    private final MachineCode layerNorm = MachineCode.of(RowCode.layerNorm());
    private final MachineCode gated = MachineCode.of(RowCode.gated(false));
    private final MachineCode gatedProduct = MachineCode.of(RowCode.gated(true));
    private final MachineCode softmax = MachineCode.of(RowCode.softmax());
    private final MachineCode max = MachineCode.of(RowCode.max());
    private final MachineCode find = MachineCode.of(RowCode.find());
    private final MachineCode sumExp = MachineCode.of(RowCode.sumExp());
    private final MachineCode dot = MachineCode.of(RowCode.dot());
    private final MachineCode exp = MachineCode.of(RowCode.unary(RowCode.Function.EXP));
    private final MachineCode relu = MachineCode.of(RowCode.unary(RowCode.Function.RELU));
    private final MachineCode sigmoid = MachineCode.of(RowCode.unary(RowCode.Function.SIGMOID));
    private final MachineCode tanh = MachineCode.of(RowCode.unary(RowCode.Function.TANH));
    private final MachineCode geluErf = MachineCode.of(RowCode.unary(RowCode.Function.GELU_ERF));
    private final MachineCode softCap = MachineCode.of(RowCode.unary(RowCode.Function.SOFT_CAP));
    private final MachineCode rotate = MachineCode.of(RowCode.rotate());

    /** The address of n floats from {@code at} on: machine code checks nothing, so it is done here. */
    private static long place(MemorySegment s, long at, long n) {
        Objects.checkFromIndexSize(4 * at, 4 * n, s.byteSize());
        return s.address() + 4 * at;
    }

    /** The same for rows some floats apart. */
    private static long place(MemorySegment s, long at, long stride, int rows, int width) {
        if (stride < 0) {
            throw new IndexOutOfBoundsException("rows " + stride + " floats apart");
        }
        return place(s, at, (rows - 1) * stride + width);
    }

    private static long two(float low, float high) {
        return bits(low) | bits(high) << 32;
    }

    private static long bits(float f) {
        return Float.floatToRawIntBits(f) & 0xffffffffL;
    }

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
        if (rows == 0) {
            return;
        }
        if (width % EIGHT != 0 || !x.isNative() || !weight.isNative() || !y.isNative()) {
            REST.rmsNorm(x, xAt, xStride, weight, weightAt, offset, eps, y, yAt, yStride, rows, width);
            return;
        }
        long from = place(x, xAt, xStride, rows, width);
        long to = place(y, yAt, yStride, rows, width);
        long w = place(weight, weightAt, width);
        for (int r = 0; r < rows; r++) {
            rmsNorm.call(from + 4 * r * xStride, w, to + 4 * r * yStride, width / EIGHT, two(width, eps), bits(offset));
        }
        MachineCode.keep(x, weight, y);
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
        if (rows == 0) {
            return;
        }
        if (width % EIGHT != 0 || !x.isNative() || !weight.isNative() || !bias.isNative() || !y.isNative()) {
            REST.layerNorm(x, xAt, xStride, weight, weightAt, bias, biasAt, eps, y, yAt, yStride, rows, width);
            return;
        }
        long from = place(x, xAt, xStride, rows, width);
        long to = place(y, yAt, yStride, rows, width);
        long w = place(weight, weightAt, width);
        long b = place(bias, biasAt, width);
        for (int r = 0; r < rows; r++) {
            layerNorm.call(from + 4 * r * xStride, w, b, to + 4 * r * yStride, width / EIGHT, two(width, eps));
        }
        MachineCode.keep(x, weight, bias, y);
    }

    @Override
    public void add(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        long whole = zip(add, a, aAt, b, bAt, y, yAt, n);
        REST.add(a, aAt + whole, b, bAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void multiply(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        long whole = zip(multiply, a, aAt, b, bAt, y, yAt, n);
        REST.multiply(a, aAt + whole, b, bAt + whole, y, yAt + whole, n - whole);
    }

    /** Whole vectors; returns how many floats that were. */
    private static long zip(
            MachineCode code, MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, long n) {
        if (n < EIGHT || !a.isNative() || !b.isNative() || !y.isNative()) {
            return 0;
        }
        code.call(place(a, aAt, n), place(b, bAt, n), place(y, yAt, n), n / EIGHT, 0, 0);
        MachineCode.keep(a, b, y);
        return n - n % EIGHT;
    }

    @Override
    public void scale(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = scaled(scale, factor, x, xAt, y, yAt, n);
        REST.scale(factor, x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void addScaled(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = scaled(addScaled, factor, x, xAt, y, yAt, n);
        REST.addScaled(factor, x, xAt + whole, y, yAt + whole, n - whole);
    }

    private static long scaled(
            MachineCode code, float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        if (n < EIGHT || !x.isNative() || !y.isNative()) {
            return 0;
        }
        code.call(place(x, xAt, n), place(y, yAt, n), n / EIGHT, bits(factor), 0, 0);
        MachineCode.keep(x, y);
        return n - n % EIGHT;
    }

    @Override
    public void activate(Activation function, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        switch (function) {
            case GELU_TANH -> sigmoidGate(function, ScalarMath.GELU_1, ScalarMath.GELU_3, x, xAt, y, yAt, n);
            case QUICK_GELU -> sigmoidGate(function, 1.702f, 0, x, xAt, y, yAt, n);
            case SILU -> sigmoidGate(function, 1, 0, x, xAt, y, yAt, n);
            case IDENTITY -> MemorySegment.copy(x, 4 * xAt, y, 4 * yAt, 4 * n);
            case RELU -> unary(relu, function, x, xAt, y, yAt, n);
            case RELU_SQUARED -> {
                unary(relu, Activation.RELU, x, xAt, y, yAt, n);
                multiply(y, yAt, y, yAt, y, yAt, n);
            }
            case GELU_ERF -> unary(geluErf, function, x, xAt, y, yAt, n);
            case SIGMOID -> unary(sigmoid, function, x, xAt, y, yAt, n);
            case TANH -> unary(tanh, function, x, xAt, y, yAt, n);
        }
    }

    private static void unary(
            MachineCode code, Activation function, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = unary(code, 0, x, xAt, y, yAt, n);
        REST.activate(function, x, xAt + whole, y, yAt + whole, n - whole);
    }

    private static long unary(
            MachineCode code, float cap, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        if (n < EIGHT || !x.isNative() || !y.isNative()) {
            return 0;
        }
        code.call(place(x, xAt, n), place(y, yAt, n), n / EIGHT, bits(cap), 0, 0);
        MachineCode.keep(x, y);
        return n - n % EIGHT;
    }

    private void sigmoidGate(
            Activation function, float c1, float c3, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = 0;
        if (n >= EIGHT && x.isNative() && y.isNative()) {
            gated.call(place(x, xAt, n), 0, place(y, yAt, n), n / EIGHT, two(c1, c3), 0);
            MachineCode.keep(x, y);
            whole = n - n % EIGHT;
        }
        REST.activate(function, x, xAt + whole, y, yAt + whole, n - whole);
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
            case GELU_TANH ->
                product(function, ScalarMath.GELU_1, ScalarMath.GELU_3, gate, gateAt, up, upAt, y, yAt, n);
            case QUICK_GELU -> product(function, 1.702f, 0, gate, gateAt, up, upAt, y, yAt, n);
            case SILU -> product(function, 1, 0, gate, gateAt, up, upAt, y, yAt, n);
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

    private void product(
            Activation function,
            float c1,
            float c3,
            MemorySegment gate,
            long gateAt,
            MemorySegment up,
            long upAt,
            MemorySegment y,
            long yAt,
            long n) {
        long whole = 0;
        if (n >= EIGHT && gate.isNative() && up.isNative() && y.isNative()) {
            gatedProduct.call(place(gate, gateAt, n), place(up, upAt, n), place(y, yAt, n), n / EIGHT, two(c1, c3), 0);
            MachineCode.keep(gate, up, y);
            whole = n - n % EIGHT;
        }
        REST.activateGated(function, gate, gateAt + whole, up, upAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void exp(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = unary(exp, 0, x, xAt, y, yAt, n);
        REST.exp(x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void softCap(float cap, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long whole = unary(softCap, cap, x, xAt, y, yAt, n);
        REST.softCap(cap, x, xAt + whole, y, yAt + whole, n - whole);
    }

    @Override
    public void softmax(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        if (n % EIGHT != 0 || n == 0 || !x.isNative() || !y.isNative()) {
            REST.softmax(x, xAt, y, yAt, n);
            return;
        }
        softmaxEights(1, x, xAt, y, yAt, n);
    }

    /** The softmax of {@code factor * x} over a multiple of eight floats. */
    void softmaxEights(float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        softmax.call(place(x, xAt, n), place(y, yAt, n), n / EIGHT, bits(factor), 0, 0);
        MachineCode.keep(x, y);
    }

    @Override
    public float logSumExp(MemorySegment x, long xAt, long n) {
        if (n < EIGHT || !x.isNative()) {
            return REST.logSumExp(x, xAt, n);
        }
        float max = max(x, xAt, n);
        float sum = Float.intBitsToFloat((int) sumExp.call(place(x, xAt, n), n / EIGHT, bits(max), 0, 0, 0));
        MachineCode.keep(x);
        for (long i = n - n % EIGHT; i < n; i++) {
            sum += ScalarMath.exp(Floats.get(x, xAt + i) - max);
        }
        return max + (float) Math.log(sum);
    }

    @Override
    public float max(MemorySegment x, long xAt, long n) {
        if (n < EIGHT || !x.isNative()) {
            return REST.max(x, xAt, n);
        }
        float greatest = Float.intBitsToFloat((int) max.call(place(x, xAt, n), n / EIGHT, 0, 0, 0, 0));
        MachineCode.keep(x);
        long whole = n - n % EIGHT;
        return Math.max(greatest, REST.max(x, xAt + whole, n - whole));
    }

    @Override
    public long argMax(MemorySegment x, long xAt, long n) {
        if (n < EIGHT || !x.isNative()) {
            return REST.argMax(x, xAt, n);
        }
        float greatest = max(x, xAt, n);
        long found = find.call(place(x, xAt, n), n / EIGHT, bits(greatest), 0, 0, 0);
        MachineCode.keep(x);
        long whole = n - n % EIGHT;
        return found >= 0 ? found : whole < n ? whole + REST.argMax(x, xAt + whole, n - whole) : 0;
    }

    @Override
    public float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, long n) {
        float sum = 0;
        long whole = 0;
        if (n >= EIGHT && a.isNative() && b.isNative()) {
            sum = Float.intBitsToFloat((int) dot.call(place(a, aAt, n), place(b, bAt, n), n / EIGHT, 0, 0, 0));
            MachineCode.keep(a, b);
            whole = n - n % EIGHT;
        }
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
        boolean plain = interleaved || pairs % EIGHT != 0 || pairs == 0 || heads == 0;
        if (plain || !x.isNative() || !cos.isNative() || !sin.isNative()) {
            REST.rotate(x, xAt, heads, headSize, pairs, cos, cosAt, sin, sinAt, interleaved);
            return;
        }
        if (2 * pairs > headSize) {
            throw new IndexOutOfBoundsException(pairs + " pairs in a head of " + headSize);
        }
        rotate.call(
                place(x, xAt, (long) heads * headSize),
                place(cos, cosAt, pairs),
                place(sin, sinAt, pairs),
                heads,
                4L * pairs,
                4L * headSize);
        MachineCode.keep(x, cos, sin);
    }
}
