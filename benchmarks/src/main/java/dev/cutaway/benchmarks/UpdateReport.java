package dev.cutaway.benchmarks;

import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.UpdateKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * Optimisers' updates of as many weights as GPT-2 small has, and the norm of their gradient, in bytes moved per second. Arguments: threads
 * (by default 2), repeats (6). {@code benchmarks/adamw.py} measures PyTorch's.
 */
public final class UpdateReport {
    private static final long WEIGHTS = 124_439_808;
    private static final int PIECE = 1 << 16;

    private UpdateReport() {}

    /** One piece. */
    private interface Work {
        void run(long from, long to);
    }

    /** Prints the report. */
    public static void main(String[] args) {
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
        int repeats = args.length > 1 ? Integer.parseInt(args[1]) : 6;
        System.out.println("kernels: " + Kernels.explain() + "; threads " + threads);
        MemorySegment[] s = new MemorySegment[4];
        Random random = new Random(1);
        for (int i = 0; i < s.length; i++) {
            s[i] = Tensor.zeros(WEIGHTS).data();
            for (long at = 0; i < 2 && at < WEIGHTS; at++) {
                s[i].setAtIndex(ValueLayout.JAVA_FLOAT, at, 0.02f * (random.nextFloat() - 0.5f));
            }
        }
        UpdateKernels k = Kernels.get().updates();
        UpdateKernels.Adam adam = new UpdateKernels.Adam(1, 0.999999f, 0.9f, 0.1f, 0.999f, 0.001f, 1e-4f, 1.1f, 1e-8f);
        UpdateKernels.Lion lion = new UpdateKernels.Lion(1, 0.999999f, 1e-5f, 0.9f, 0.1f, 0.99f, 0.01f);
        try (Pool pool = new Pool(threads)) {
            time(pool, repeats, "AdamW", 28, (from, to) -> k.adamW(s[0], s[1], s[2], s[3], from, to, adam));
            time(
                    pool,
                    repeats,
                    "SGD, momentum",
                    20,
                    (from, to) -> k.momentum(s[0], s[1], s[2], from, to, 1, 1, 1e-4f, 0.9f));
            time(pool, repeats, "Lion", 20, (from, to) -> k.lion(s[0], s[1], s[2], from, to, lion));
            time(pool, repeats, "norm", 4, (from, to) -> k.squares(s[1], from, to));
        }
    }

    private static void time(Pool pool, int repeats, String what, int bytes, Work work) {
        double best = Double.MAX_VALUE;
        double worst = 0;
        for (int i = 0; i < repeats; i++) {
            long start = System.nanoTime();
            pool.run(new Pool.Program() {
                @Override
                public int steps() {
                    return 1;
                }

                @Override
                public int chunks(int step) {
                    return (int) ((WEIGHTS + PIECE - 1) / PIECE);
                }

                @Override
                public void execute(int step, int chunk, int worker) {
                    work.run((long) chunk * PIECE, Math.min(WEIGHTS, (chunk + 1L) * PIECE));
                }
            });
            double seconds = (System.nanoTime() - start) / 1e9;
            best = Math.min(best, seconds);
            worst = i == 0 ? worst : Math.max(worst, seconds); // the first touches the memory
        }
        System.out.printf("%-16s %6.3f s (%5.3f)  %5.1f GB/s%n", what, best, worst, bytes * WEIGHTS / best / 1e9);
    }
}
