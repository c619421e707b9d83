package dev.cutaway.benchmarks;

import dev.cutaway.graph.run.Pool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What the machine can do at this moment: reading memory and fused multiply-adds on all threads of a pool. */
final class Machine {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final long BYTES = 128L << 20;
    private static final int CHUNKS = 64;
    private static final int FMAS = 200_000;

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 64).fill((byte) 0);
    private final float[] sinks;

    Machine(int threads) {
        sinks = new float[16 * threads];
    }

    /** Best of some readings of 128 MiB, in GB/s. */
    double readBandwidth(Pool pool) {
        return BYTES
                / Timing.best(pool, new Timing.Step(CHUNKS, (chunk, worker) -> {
                    sinks[16 * worker] += read(memory, BYTES / CHUNKS * chunk, BYTES / CHUNKS * (chunk + 1));
                }));
    }

    /** Best of some runs of independent fused multiply-adds, in GFLOP/s. */
    double fmaRate(Pool pool) {
        double flops = 2.0 * 10 * S.length() * FMAS * 8;
        return flops / Timing.best(pool, new Timing.Step(8, (chunk, worker) -> sinks[16 * worker] += fma(FMAS)));
    }

    private static float read(MemorySegment m, long from, long to) {
        FloatVector a = FloatVector.zero(S);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int v = S.vectorByteSize();
        for (long p = from; p < to; p += 4L * v) {
            a = a.add(FloatVector.fromMemorySegment(S, m, p, ORDER));
            b = b.add(FloatVector.fromMemorySegment(S, m, p + v, ORDER));
            c = c.add(FloatVector.fromMemorySegment(S, m, p + 2L * v, ORDER));
            d = d.add(FloatVector.fromMemorySegment(S, m, p + 3L * v, ORDER));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    private static float fma(int n) {
        FloatVector x = FloatVector.broadcast(S, 0.999f);
        FloatVector z = FloatVector.broadcast(S, 1e-3f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = x;
        FloatVector h = x;
        FloatVector i = x;
        FloatVector j = x;
        for (int k = 0; k < n; k++) {
            a = a.fma(x, z);
            b = b.fma(x, z);
            c = c.fma(x, z);
            d = d.fma(x, z);
            e = e.fma(x, z);
            f = f.fma(x, z);
            g = g.fma(x, z);
            h = h.fma(x, z);
            i = i.fma(x, z);
            j = j.fma(x, z);
        }
        FloatVector sum = a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j));
        return sum.reduceLanes(VectorOperators.ADD);
    }
}
