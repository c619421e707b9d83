package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Updates by machine code, see {@link UpdateCode}; what is left over at the end, and memory on the heap, by plain code. */
final class MachineUpdates implements UpdateKernels {
    private static final int EIGHT = 8;
    private static final ScalarUpdates REST = new ScalarUpdates();

    // Made when first asked for: only training updates weights.
    private static final class Code {
        static final MachineCode ADAM_W = MachineCode.of(UpdateCode.adamW());
        static final MachineCode DESCEND = MachineCode.of(UpdateCode.descend());
        static final MachineCode MOMENTUM = MachineCode.of(UpdateCode.momentum());
        static final MachineCode LION = MachineCode.of(UpdateCode.lion());
        static final MachineCode AVERAGE = MachineCode.of(UpdateCode.average());
        static final MachineCode SQUARES = MachineCode.of(UpdateCode.squares());
    }

    /** Runs whole vectors; returns where they end. Machine code checks nothing, so it is done here. */
    private static long run(MachineCode code, long from, long to, float[] constants, MemorySegment... segments) {
        long n = (to - from) / EIGHT * EIGHT;
        long[] ends = new long[4];
        for (int i = 0; i < segments.length; i++) {
            Objects.checkFromIndexSize(4 * from, 4 * Math.max(0, n), segments[i].byteSize());
            if (!segments[i].isNative()) {
                return from;
            }
            ends[i] = segments[i].address() + 4 * (from + n);
        }
        if (n <= 0) {
            return from;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment c = arena.allocateFrom(ValueLayout.JAVA_FLOAT, constants);
            code.call(ends[0], ends[1], ends[2], ends[3], -4 * n, c.address());
        }
        MachineCode.keep(segments);
        return from + n;
    }

    @Override
    public void adamW(
            MemorySegment w, MemorySegment g, MemorySegment mean, MemorySegment square, long from, long to, Adam c) {
        float[] constants = {
            c.clip(), c.keep(), c.beta1(), c.rest1(), c.beta2(), c.rest2(), -c.size(), c.root(), c.eps()
        };
        REST.adamW(w, g, mean, square, run(Code.ADAM_W, from, to, constants, w, g, mean, square), to, c);
    }

    @Override
    public void descend(MemorySegment w, MemorySegment g, long from, long to, float clip, float keep, float rate) {
        long rest = run(Code.DESCEND, from, to, new float[] {clip, keep, -rate}, w, g);
        REST.descend(w, g, rest, to, clip, keep, rate);
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
        long rest = run(Code.MOMENTUM, from, to, new float[] {clip, keep, -rate, momentum}, w, g, kept);
        REST.momentum(w, g, kept, rest, to, clip, keep, rate, momentum);
    }

    @Override
    public void lion(MemorySegment w, MemorySegment g, MemorySegment mean, long from, long to, Lion c) {
        float[] constants = {c.clip(), c.keep(), c.rate(), c.beta1(), c.rest1(), c.beta2(), c.rest2()};
        REST.lion(w, g, mean, run(Code.LION, from, to, constants, w, g, mean), to, c);
    }

    @Override
    public void average(MemorySegment average, MemorySegment x, long from, long to, float share) {
        REST.average(average, x, run(Code.AVERAGE, from, to, new float[] {share}, average, x), to, share);
    }

    @Override
    public double squares(MemorySegment x, long from, long to) {
        long n = (to - from) / LANES * LANES;
        if (n <= 0 || !x.isNative()) {
            return REST.squares(x, from, to);
        }
        Objects.checkFromIndexSize(4 * from, 4 * n, x.byteSize());
        double[] sums = new double[LANES];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment s = arena.allocate(8L * LANES, 32);
            Code.SQUARES.call(x.address() + 4 * from, s.address(), n / LANES, 0, 0, 0);
            MemorySegment.copy(s, ValueLayout.JAVA_DOUBLE, 0, sums, 0, LANES);
        }
        MachineCode.keep(x);
        ScalarUpdates.squares(x, from + n, to, sums);
        return ScalarUpdates.fold(sums);
    }
}
