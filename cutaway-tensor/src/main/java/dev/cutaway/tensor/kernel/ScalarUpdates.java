package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Floats.get;
import static dev.cutaway.tensor.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/** The plain statement of each update. */
final class ScalarUpdates implements UpdateKernels {
    @Override
    public void adamW(
            MemorySegment w, MemorySegment g, MemorySegment mean, MemorySegment square, long from, long to, Adam c) {
        for (long i = from; i < to; i++) {
            float d = c.clip() * get(g, i);
            float m = Math.fma(c.rest1(), d, c.beta1() * get(mean, i));
            float s = Math.fma(c.rest2() * d, d, c.beta2() * get(square, i));
            set(mean, i, m);
            set(square, i, s);
            float by = -c.size() * m / Math.fma((float) Math.sqrt(s), c.root(), c.eps());
            set(w, i, Math.fma(get(w, i), c.keep(), by));
        }
    }

    @Override
    public void descend(MemorySegment w, MemorySegment g, long from, long to, float clip, float keep, float rate) {
        for (long i = from; i < to; i++) {
            set(w, i, Math.fma(get(w, i), keep, -rate * (clip * get(g, i))));
        }
    }

    @Override
    public void momentum(
            MemorySegment w,
            MemorySegment g,
            MemorySegment kept,
            long from,
            long to,
            float clip,
            float keep,
            float rate,
            float momentum) {
        for (long i = from; i < to; i++) {
            float d = Math.fma(momentum, get(kept, i), clip * get(g, i));
            set(kept, i, d);
            set(w, i, Math.fma(get(w, i), keep, -rate * d));
        }
    }

    @Override
    public void lion(MemorySegment w, MemorySegment g, MemorySegment mean, long from, long to, Lion c) {
        for (long i = from; i < to; i++) {
            float d = c.clip() * get(g, i);
            float m = get(mean, i);
            float direction = Math.fma(c.rest1(), d, c.beta1() * m);
            set(mean, i, Math.fma(c.rest2(), d, c.beta2() * m));
            float by = direction == 0 ? 0 : Math.copySign(c.rate(), -direction);
            set(w, i, Math.fma(get(w, i), c.keep(), by));
        }
    }

    @Override
    public void average(MemorySegment average, MemorySegment x, long from, long to, float share) {
        for (long i = from; i < to; i++) {
            float a = get(average, i);
            set(average, i, Math.fma(share, get(x, i) - a, a));
        }
    }

    @Override
    public double squares(MemorySegment x, long from, long to) {
        double[] sums = new double[LANES];
        squares(x, from, to, sums);
        return fold(sums);
    }

    /** Adds to the sums of the lanes; the first element is the first lane's. */
    static void squares(MemorySegment x, long from, long to, double[] sums) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                double v = get(x, i + lane);
                sums[lane] += v * v;
            }
        }
        for (int lane = 0; i < to; i++, lane++) {
            double v = get(x, i);
            sums[lane] += v * v;
        }
    }

    /** Adds the upper half of the sums to the lower one, until one is left. */
    static double fold(double[] sums) {
        for (int n = LANES / 2; n > 0; n /= 2) {
            for (int i = 0; i < n; i++) {
                sums[i] += sums[i + n];
            }
        }
        return sums[0];
    }
}
