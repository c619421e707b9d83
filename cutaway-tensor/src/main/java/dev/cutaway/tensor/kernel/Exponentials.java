package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;
import static dev.cutaway.tensor.kernel.ScalarMath.EXP_MAX;
import static dev.cutaway.tensor.kernel.ScalarMath.EXP_MIN;
import static dev.cutaway.tensor.kernel.ScalarMath.GATE_LIMIT;
import static dev.cutaway.tensor.kernel.ScalarMath.ROUND_BITS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential and what is made of it, in vectors: the same polynomials in the same order as {@link ScalarMath}, so that
 * the elements left over at the end of a row, which that class computes, are no different from the others.
 *
 * <p>The exponential is written out in every loop. A method that returned it as a vector would be shorter, but whether C2
 * puts it into its caller depends on what else the process has compiled, and where it does not every vector is allocated.
 */
final class Exponentials {
    private static final FloatVector LOG2 = FloatVector.broadcast(FLOATS, ScalarMath.LOG2_E);
    private static final FloatVector ROUNDING = FloatVector.broadcast(FLOATS, ScalarMath.ROUND);
    private static final FloatVector HIGH = FloatVector.broadcast(FLOATS, -ScalarMath.LN2_HIGH);
    private static final FloatVector LOW = FloatVector.broadcast(FLOATS, -ScalarMath.LN2_LOW);
    private static final FloatVector C6 = FloatVector.broadcast(FLOATS, ScalarMath.E6);
    private static final FloatVector C5 = FloatVector.broadcast(FLOATS, ScalarMath.E5);
    private static final FloatVector C4 = FloatVector.broadcast(FLOATS, ScalarMath.E4);
    private static final FloatVector C3 = FloatVector.broadcast(FLOATS, ScalarMath.E3);
    private static final FloatVector C2 = FloatVector.broadcast(FLOATS, ScalarMath.E2);
    private static final FloatVector ONE = FloatVector.broadcast(FLOATS, 1f);

    private static final int SIGN = 0x80000000;

    private Exponentials() {}

    /** {@code y = e^(x - shift)}; returns the sum of y. */
    static float shifted(float shift, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        FloatVector sums = FloatVector.zero(FLOATS);
        long p = 4 * xAt;
        long q = 4 * yAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER).sub(shift);
            FloatVector z = v.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            e.intoMemorySegment(y, q, ORDER);
            sums = sums.add(e);
            p += BYTES;
            q += BYTES;
        }
        float sum = Reduce.sum(sums);
        for (long i = n - n % COUNT; i < n; i++) {
            float e = ScalarMath.exp(Floats.get(x, xAt + i) - shift);
            Floats.set(y, yAt + i, e);
            sum += e;
        }
        return sum;
    }

    /** The sum of {@code e^(x - shift)}. */
    static float sumShifted(float shift, MemorySegment x, long xAt, long n) {
        FloatVector sums = FloatVector.zero(FLOATS);
        long p = 4 * xAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER).sub(shift);
            FloatVector z = v.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            sums = sums.add(e);
            p += BYTES;
        }
        float sum = Reduce.sum(sums);
        for (long i = n - n % COUNT; i < n; i++) {
            sum += ScalarMath.exp(Floats.get(x, xAt + i) - shift);
        }
        return sum;
    }

    /** {@code y = 1 / (1 + e^-x)}. */
    static void sigmoid(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long p = 4 * xAt;
        long q = 4 * yAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER);
            FloatVector z = v.neg().max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            ONE.div(e.add(ONE)).intoMemorySegment(y, q, ORDER);
            p += BYTES;
            q += BYTES;
        }
        for (long i = n - n % COUNT; i < n; i++) {
            Floats.set(y, yAt + i, ScalarMath.sigmoid(Floats.get(x, xAt + i)));
        }
    }

    /** {@code y = x * sigmoid(x * (c1 + c3 x^2))}: SiLU and the quick forms of GELU. */
    static void gated(float c1, float c3, MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        FloatVector linear = FloatVector.broadcast(FLOATS, c1);
        FloatVector cubic = FloatVector.broadcast(FLOATS, c3);
        long p = 4 * xAt;
        long q = 4 * yAt;

        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER);
            FloatVector a = v.max(-GATE_LIMIT).min(GATE_LIMIT);
            FloatVector u = a.mul(a).fma(cubic, linear).mul(a).neg();
            FloatVector z = u.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            v.div(e.add(ONE)).intoMemorySegment(y, q, ORDER);
            p += BYTES;
            q += BYTES;
        }
        for (long i = n - n % COUNT; i < n; i++) {
            Floats.set(y, yAt + i, ScalarMath.gated(Floats.get(x, xAt + i), c1, c3));
        }
    }

    /** {@code y = x * sigmoid(x * (c1 + c3 x^2)) * up}. */
    static void gatedProduct(
            float c1,
            float c3,
            MemorySegment x,
            long xAt,
            MemorySegment up,
            long upAt,
            MemorySegment y,
            long yAt,
            long n) {
        FloatVector linear = FloatVector.broadcast(FLOATS, c1);
        FloatVector cubic = FloatVector.broadcast(FLOATS, c3);
        long p = 4 * xAt;
        long q = 4 * yAt;
        long o = 4 * upAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER);
            FloatVector a = v.max(-GATE_LIMIT).min(GATE_LIMIT);
            FloatVector u = a.mul(a).fma(cubic, linear).mul(a).neg();
            FloatVector z = u.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            v.div(e.add(ONE))
                    .mul(FloatVector.fromMemorySegment(FLOATS, up, o, ORDER))
                    .intoMemorySegment(y, q, ORDER);
            p += BYTES;
            q += BYTES;
            o += BYTES;
        }
        for (long i = n - n % COUNT; i < n; i++) {
            Floats.set(y, yAt + i, ScalarMath.gated(Floats.get(x, xAt + i), c1, c3) * Floats.get(up, upAt + i));
        }
    }

    /** Hyperbolic tangent. */
    static void tanh(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long p = 4 * xAt;
        long q = 4 * yAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER);
            FloatVector a = v.abs();
            FloatVector b = a.add(a);
            FloatVector z = b.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            FloatVector large = ONE.div(e.add(ONE)).fma(FloatVector.broadcast(FLOATS, -2f), ONE);
            FloatVector s = v.mul(v);
            FloatVector small =
                    s.fma(FloatVector.broadcast(FLOATS, ScalarMath.T4), FloatVector.broadcast(FLOATS, ScalarMath.T3));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.T2));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.T1));
            small = small.mul(s).fma(v, v);
            IntVector sign = v.reinterpretAsInts().and(SIGN);
            FloatVector signed = large.reinterpretAsInts().or(sign).reinterpretAsFloats();
            small.blend(signed, a.compare(VectorOperators.GE, ScalarMath.TANH_SMALL))
                    .intoMemorySegment(y, q, ORDER);
            p += BYTES;
            q += BYTES;
        }
        for (long i = n - n % COUNT; i < n; i++) {
            Floats.set(y, yAt + i, ScalarMath.tanh(Floats.get(x, xAt + i)));
        }
    }

    /** GELU by the error function. */
    static void gelu(MemorySegment x, long xAt, MemorySegment y, long yAt, long n) {
        long p = 4 * xAt;
        long q = 4 * yAt;
        long end = p + 4 * (n - n % COUNT);
        while (p != end) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, p, ORDER);
            FloatVector w = v.mul(ScalarMath.ROOT_HALF);
            FloatVector a = w.abs();
            FloatVector s = w.mul(w);
            FloatVector g =
                    a.fma(FloatVector.broadcast(FLOATS, ScalarMath.L6), FloatVector.broadcast(FLOATS, ScalarMath.L5));
            FloatVector h =
                    a.fma(FloatVector.broadcast(FLOATS, ScalarMath.L4), FloatVector.broadcast(FLOATS, ScalarMath.L3));
            g = g.fma(s, h);
            g = g.fma(a, FloatVector.broadcast(FLOATS, ScalarMath.L2));
            g = g.fma(a, FloatVector.broadcast(FLOATS, ScalarMath.L1));
            g = g.fma(a, FloatVector.broadcast(FLOATS, ScalarMath.L0));
            g = g.fma(a, a.neg());
            FloatVector z = g.max(EXP_MIN).min(EXP_MAX);
            FloatVector t = z.fma(LOG2, ROUNDING);
            FloatVector m = t.sub(ROUNDING);
            FloatVector f = m.fma(LOW, m.fma(HIGH, z));
            FloatVector r = f.fma(C6, C5);
            r = r.fma(f, C4);
            r = r.fma(f, C3);
            r = r.fma(f, C2);
            r = r.fma(f, ONE);
            r = r.fma(f, ONE);
            IntVector whole = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            FloatVector e = r.mul(
                            half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(whole.sub(half)
                            .add(127)
                            .lanewise(VectorOperators.LSHL, 23)
                            .reinterpretAsFloats());
            IntVector sign = w.reinterpretAsInts().and(SIGN);
            FloatVector large = ONE.sub(e).reinterpretAsInts().or(sign).reinterpretAsFloats();
            FloatVector small =
                    s.fma(FloatVector.broadcast(FLOATS, ScalarMath.S6), FloatVector.broadcast(FLOATS, ScalarMath.S5));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.S4));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.S3));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.S2));
            small = small.fma(s, FloatVector.broadcast(FLOATS, ScalarMath.S1));
            small = small.fma(w, w);
            FloatVector erf = small.blend(large, a.compare(VectorOperators.GT, ScalarMath.ERF_SMALL));
            v.mul(0.5f).mul(erf.add(ONE)).intoMemorySegment(y, q, ORDER);
            p += BYTES;
            q += BYTES;
        }
        for (long i = n - n % COUNT; i < n; i++) {
            Floats.set(y, yAt + i, ScalarMath.activate(Activation.GELU_ERF, Floats.get(x, xAt + i)));
        }
    }
}
