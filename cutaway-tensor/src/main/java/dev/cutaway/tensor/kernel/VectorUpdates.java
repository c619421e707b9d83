package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;
import static dev.cutaway.tensor.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Updates in vectors; what is left over at the end, and sums of squares, one by one. */
final class VectorUpdates implements UpdateKernels {
    private static final ScalarUpdates REST = new ScalarUpdates();

    private static FloatVector get(MemorySegment s, long at) {
        return FloatVector.fromMemorySegment(FLOATS, s, 4 * at, ORDER);
    }

    private static void set(MemorySegment s, long at, FloatVector v) {
        v.intoMemorySegment(s, 4 * at, ORDER);
    }

    private static FloatVector all(float x) {
        return FloatVector.broadcast(FLOATS, x);
    }

    @Override
    public void adamW(
            MemorySegment w, MemorySegment g, MemorySegment mean, MemorySegment square, long from, long to, Adam c) {
        FloatVector rest1 = all(c.rest1());
        FloatVector keep = all(c.keep());
        FloatVector root = all(c.root());
        FloatVector eps = all(c.eps());
        long i = from;
        for (; i <= to - COUNT; i += COUNT) {
            FloatVector d = get(g, i).mul(c.clip());
            FloatVector m = rest1.fma(d, get(mean, i).mul(c.beta1()));
            FloatVector s = d.mul(c.rest2()).fma(d, get(square, i).mul(c.beta2()));
            set(mean, i, m);
            set(square, i, s);
            FloatVector by =
                    m.mul(-c.size()).div(s.lanewise(VectorOperators.SQRT).fma(root, eps));
            set(w, i, get(w, i).fma(keep, by));
        }
        REST.adamW(w, g, mean, square, i, to, c);
    }

    @Override
    public void descend(MemorySegment w, MemorySegment g, long from, long to, float clip, float keep, float rate) {
        FloatVector kept = all(keep);
        long i = from;
        for (; i <= to - COUNT; i += COUNT) {
            set(w, i, get(w, i).fma(kept, get(g, i).mul(clip).mul(-rate)));
        }
        REST.descend(w, g, i, to, clip, keep, rate);
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
        FloatVector shares = all(keep);
        FloatVector momenta = all(momentum);
        long i = from;
        for (; i <= to - COUNT; i += COUNT) {
            FloatVector d = momenta.fma(get(kept, i), get(g, i).mul(clip));
            set(kept, i, d);
            set(w, i, get(w, i).fma(shares, d.mul(-rate)));
        }
        REST.momentum(w, g, kept, i, to, clip, keep, rate, momentum);
    }

    @Override
    public void lion(MemorySegment w, MemorySegment g, MemorySegment mean, long from, long to, Lion c) {
        FloatVector rest1 = all(c.rest1());
        FloatVector rest2 = all(c.rest2());
        FloatVector keep = all(c.keep());
        FloatVector down = all(-c.rate());
        FloatVector up = all(c.rate());
        long i = from;
        for (; i <= to - COUNT; i += COUNT) {
            FloatVector d = get(g, i).mul(c.clip());
            FloatVector m = get(mean, i);
            FloatVector direction = rest1.fma(d, m.mul(c.beta1()));
            set(mean, i, rest2.fma(d, m.mul(c.beta2())));
            FloatVector by = FloatVector.zero(FLOATS)
                    .blend(down, direction.compare(VectorOperators.GT, 0))
                    .blend(up, direction.compare(VectorOperators.LT, 0));
            set(w, i, get(w, i).fma(keep, by));
        }
        REST.lion(w, g, mean, i, to, c);
    }

    @Override
    public void average(MemorySegment average, MemorySegment x, long from, long to, float share) {
        FloatVector shares = all(share);
        long i = from;
        for (; i <= to - COUNT; i += COUNT) {
            FloatVector a = get(average, i);
            set(average, i, shares.fma(get(x, i).sub(a), a));
        }
        REST.average(average, x, i, to, share);
    }

    @Override
    public double squares(MemorySegment x, long from, long to) {
        return REST.squares(x, from, to);
    }
}
