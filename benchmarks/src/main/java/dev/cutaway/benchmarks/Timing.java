package dev.cutaway.benchmarks;

import dev.cutaway.graph.run.Pool;

/** Best times of programs of one step. */
final class Timing {
    private static final long NANOS = Long.getLong("cutaway.benchmark.millis", 400) * 1_000_000;

    private Timing() {}

    /** One chunk on one worker. */
    interface Work {
        void run(int chunk, int worker);
    }

    /** A program of one step. */
    record Step(int count, Work work) implements Pool.Program {
        @Override
        public int steps() {
            return 1;
        }

        @Override
        public int chunks(int step) {
            return count;
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            work.run(chunk, worker);
        }
    }

    /** Nanoseconds of the quickest run, of all that fit into the time given to one measurement. */
    static double best(Pool pool, Pool.Program program) {
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + NANOS;
        do {
            long start = System.nanoTime();
            pool.run(program);
            best = Math.min(best, System.nanoTime() - start);
        } while (System.nanoTime() < end);
        return best;
    }
}
