package dev.cutaway.graph.run;

/** One fused step of a plan. Its chunks may run on any thread in any order; the next step starts when all are done. */
abstract class Step {
    /** How many chunks the step has for the rows at hand; 0 skips it. */
    abstract int chunks(Frame f);

    abstract void run(Frame f, int chunk, int worker);

    /** Fetches the weights; called once before the first run. */
    void prepare() {}

    /** Floats of scratch memory that one chunk needs. */
    long scratch(Frame f) {
        return 0;
    }

    /** Floats that its chunks share, for the step after it. */
    long shared(Frame f) {
        return 0;
    }

    /** Chunks of rows: one row costs too little to hand out alone. */
    static int rowChunks(int rows, int perChunk) {
        return (rows + perChunk - 1) / perChunk;
    }
}
