package dev.cutaway.benchmarks;

import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What the pool costs: a program of 300 steps against the same work in a loop written by hand. Steps are empty, or products
 * of the size of a small model's (576 x 576, 576 x 1536), in two chunks for each thread. Argument: the number of threads.
 */
public final class PoolReport {
    private static final int STEPS = 300;
    private static final int ROUNDS = 400;

    private PoolReport() {}

    /** Prints the report. */
    public static void main(String[] args) {
        int threads = args.length == 0 ? 2 : Integer.parseInt(args[0]);
        try (Pool pool = new Pool(threads)) {
            Timing.Step empty = new Timing.Step(2 * threads, (chunk, worker) -> {});
            report("empty steps, one chunk", pool, new Program(new Timing.Step(1, empty.work())));
            report("empty steps", pool, new Program(empty));
            report("products 576 x 576", pool, new Program(product(576, 576, threads)));
            report("products 576 x 1536", pool, new Program(product(1536, 576, threads)));
        }
    }

    /** The same step again and again. */
    private record Program(Timing.Step step) implements Pool.Program {
        @Override
        public int steps() {
            return STEPS;
        }

        @Override
        public int chunks(int s) {
            return step.count();
        }

        @Override
        public void execute(int s, int chunk, int worker) {
            step.work().run(chunk, worker);
        }

        /** The loop written by hand, on the calling thread. */
        void alone() {
            for (int s = 0; s < STEPS; s++) {
                for (int c = 0; c < step.count(); c++) {
                    step.work().run(c, 0);
                }
            }
        }
    }

    private static void report(String what, Pool pool, Program program) {
        double[] alone = new double[ROUNDS];
        double[] shared = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) { // by turns, so that both see the same disturbances
            long start = System.nanoTime();
            program.alone();
            long middle = System.nanoTime();
            pool.run(program);
            alone[i] = middle - start;
            shared[i] = System.nanoTime() - middle;
        }
        Arrays.sort(alone);
        Arrays.sort(shared);
        double ideal = alone[0] / Math.min(pool.threads(), program.step().count());
        System.out.printf(
                "%-24s one thread %8.1f us, %d threads %8.1f us (median %.1f), over an even split: %.1f us for %d"
                        + " steps%n",
                what,
                alone[0] / 1e3,
                pool.threads(),
                shared[0] / 1e3,
                shared[ROUNDS / 2] / 1e3,
                (shared[0] - ideal) / 1e3,
                STEPS);
    }

    private static Timing.Step product(int rows, int columns, int threads) {
        PackedMatrix w = PackedMatrix.of(Tensor.zeros(DType.Q8_0, rows, columns));
        MemorySegment x = Arena.ofAuto().allocate(4L * columns, 64);
        MemorySegment y = Arena.ofAuto().allocate(4L * rows, 64);
        long need = Kernels.get().matrix().scratchFloats(w, 1);
        MemorySegment scratch = Arena.ofAuto().allocate(4 * need * threads, 64);
        int chunks = 2 * threads;
        return new Timing.Step(chunks, (chunk, worker) -> {
            int from = w.panels() * chunk / chunks;
            int to = w.panels() * (chunk + 1) / chunks;
            Kernels.get()
                    .matrix()
                    .multiply(w, x, 0, columns, y, 0, rows, 1, from, to, false, 0, scratch, worker * need);
        });
    }
}
