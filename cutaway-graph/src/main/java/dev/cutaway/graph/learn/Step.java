package dev.cutaway.graph.learn;

/** One step of a plan. Its chunks may run on any thread in any order; the next step starts when all are done. */
abstract class Step {
    /** How many chunks the step has for the batch at hand; 0 skips it. What is computed does not depend on how many threads there are. */
    abstract int chunks(Work w);

    abstract void run(Work w, int chunk, int worker);

    /** Floats that a chunk needs beyond what kernels do. */
    long scratch(Work w) {
        return 0;
    }

    static int parts(int n, int each) {
        return (n + each - 1) / each;
    }
}
