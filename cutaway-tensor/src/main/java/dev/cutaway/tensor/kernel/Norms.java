package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.BYTES;
import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The sums over a row, and the passes over it, that normalisations consist of. Sums run in two vectors side by side. */
final class Norms {
    private Norms() {}

    /** {@code sum(a * b)} over whole vectors; addresses and length in bytes. */
    static float dot(MemorySegment a, long aAt, MemorySegment b, long bAt, long bytes) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        long i = 0;
        for (; i <= bytes - 2 * BYTES; i += 2 * BYTES) {
            even = FloatVector.fromMemorySegment(FLOATS, a, aAt + i, ORDER)
                    .fma(FloatVector.fromMemorySegment(FLOATS, b, bAt + i, ORDER), even);
            odd = FloatVector.fromMemorySegment(FLOATS, a, aAt + i + BYTES, ORDER)
                    .fma(FloatVector.fromMemorySegment(FLOATS, b, bAt + i + BYTES, ORDER), odd);
        }
        if (i != bytes) {
            even = FloatVector.fromMemorySegment(FLOATS, a, aAt + i, ORDER)
                    .fma(FloatVector.fromMemorySegment(FLOATS, b, bAt + i, ORDER), even);
        }
        return Reduce.sum(even.add(odd));
    }

    static float sum(MemorySegment x, long at, long n) {
        long whole = n - n % COUNT;
        FloatVector sums = FloatVector.zero(FLOATS);
        for (long i = 0; i < 4 * whole; i += BYTES) {
            sums = sums.add(FloatVector.fromMemorySegment(FLOATS, x, 4 * at + i, ORDER));
        }
        float sum = Reduce.sum(sums);
        for (long i = whole; i < n; i++) {
            sum += Floats.get(x, at + i);
        }
        return sum;
    }

    /** {@code sum((x - mean)^2)}. */
    static float squares(float mean, MemorySegment x, long at, long n) {
        long whole = n - n % COUNT;
        FloatVector sums = FloatVector.zero(FLOATS);
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector d =
                    FloatVector.fromMemorySegment(FLOATS, x, 4 * at + i, ORDER).sub(mean);
            sums = d.fma(d, sums);
        }
        float sum = Reduce.sum(sums);
        for (long i = whole; i < n; i++) {
            float d = Floats.get(x, at + i) - mean;
            sum = Math.fma(d, d, sum);
        }
        return sum;
    }

    /** {@code y = x * factor * (weight + offset)}. */
    static void scaled(
            float factor,
            float offset,
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment y,
            long yAt,
            long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector w = FloatVector.fromMemorySegment(FLOATS, weight, 4 * weightAt + i, ORDER)
                    .add(offset);
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .mul(factor)
                    .mul(w)
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        for (long i = whole; i < n; i++) {
            Floats.set(y, yAt + i, Floats.get(x, xAt + i) * factor * (Floats.get(weight, weightAt + i) + offset));
        }
    }

    /** {@code y = (x - mean) * factor * weight + bias}. */
    static void centred(
            float mean,
            float factor,
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            MemorySegment y,
            long yAt,
            long n) {
        long whole = n - n % COUNT;
        for (long i = 0; i < 4 * whole; i += BYTES) {
            FloatVector.fromMemorySegment(FLOATS, x, 4 * xAt + i, ORDER)
                    .sub(mean)
                    .mul(factor)
                    .fma(
                            FloatVector.fromMemorySegment(FLOATS, weight, 4 * weightAt + i, ORDER),
                            FloatVector.fromMemorySegment(FLOATS, bias, 4 * biasAt + i, ORDER))
                    .intoMemorySegment(y, 4 * yAt + i, ORDER);
        }
        for (long i = whole; i < n; i++) {
            float normal = (Floats.get(x, xAt + i) - mean) * factor;
            Floats.set(y, yAt + i, Math.fma(normal, Floats.get(weight, weightAt + i), Floats.get(bias, biasAt + i)));
        }
    }
}
