package dev.cutaway.graph.run;

import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The working memory of one plan for one user: buffers assigned once, scratch per thread, and what the current step's rows are.
 * Reused from step to step; it grows when a step has more rows than any before and never shrinks.
 */
final class Frame {
    final Kernels kernels;
    final int threads;
    private final int[] bufferWidths;
    private final Slot.Rows[] bufferRows;
    final MemorySegment[] memory;
    final MemorySegment[] scratch;
    /** What chunks of one step leave for the next step. */
    MemorySegment shared = MemorySegment.NULL;

    /** Longs between two threads' own. */
    static final int LINE = 16;
    /** The input of which each thread computed the norm last, see {@link LinearStep}. */
    final long[] normed;

    private long scratchFloats;
    private long sharedFloats;
    private Arena arena = Arena.ofShared();
    private Arena scratchArena = Arena.ofShared();
    private Arena sharedArena = Arena.ofShared();
    private int rowCapacity;
    private int tailCapacity;
    private int sequenceCapacity;

    Batch batch = new Batch();
    private long runs;
    int rows;
    int tailRows;
    int[] tail = new int[16];
    /** Values that are no rows of a buffer (relative biases): one tensor per sequence of the step. */
    final Map<dev.cutaway.graph.Value, Tensor[]> loose = new HashMap<>();
    /** Relative biases by distance. */
    final Map<dev.cutaway.graph.Value, RelativeStep.Line> lines = new HashMap<>();

    Frame(Kernels kernels, int threads, int[] bufferWidths, Slot.Rows[] bufferRows) {
        this.kernels = kernels;
        this.threads = threads;
        this.bufferWidths = bufferWidths;
        this.bufferRows = bufferRows;
        this.memory = new MemorySegment[bufferWidths.length];
        this.scratch = new MemorySegment[threads];
        this.normed = new long[threads * LINE];
    }

    /** Takes the rows of a batch, and memory for them. */
    void bind(Batch b) {
        batch = b;
        runs++;
        rows = b.rows;
        bindTail(b);
        if (rows > rowCapacity || tailRows > tailCapacity || b.segments > sequenceCapacity) {
            grow(b.segments);
        }
    }

    private void bindTail(Batch b) {
        tailRows = switch (b.wanted) {
            case NONE -> 0;
            case LAST_OF_EACH -> b.segments;
            case ALL -> b.rows;
        };
        if (tail.length < tailRows) {
            tail = new int[Math.max(tailRows, tail.length * 2)];
        }
        for (int i = 0; i < tailRows; i++) {
            tail[i] = b.wanted == Batch.Wanted.ALL ? i : b.starts[i + 1] - 1;
        }
    }

    private void grow(int sequences) {
        rowCapacity = Math.max(rows, rowCapacity);
        tailCapacity = Math.max(tailRows, tailCapacity);
        sequenceCapacity = Math.max(sequences, sequenceCapacity);
        arena.close();
        arena = Arena.ofShared();
        try {
            for (int i = 0; i < memory.length; i++) {
                long n = switch (bufferRows[i]) {
                    case ALL -> rowCapacity;
                    case TAIL -> Math.max(1, tailCapacity);
                    case SEQUENCES, EACH -> sequenceCapacity;
                };
                memory[i] = arena.allocate(n * bufferWidths[i] * 4, 64);
            }
        } catch (OutOfMemoryError e) {
            throw new ResourceException("no memory for a step of " + rows + " rows; give the prompt in smaller pieces");
        }
    }

    void needScratch(long floats) {
        if (floats > scratchFloats) {
            scratchFloats = floats;
            scratchArena.close();
            scratchArena = Arena.ofShared();
            for (int i = 0; i < threads; i++) {
                scratch[i] = scratchArena.allocate(Math.max(16, floats) * 4, 64);
            }
        }
    }

    void needShared(long floats) {
        if (floats > sharedFloats) {
            sharedFloats = floats + floats / 2; // it grows with every block of keys
            sharedArena.close();
            sharedArena = Arena.ofShared();
            shared = sharedArena.allocate(sharedFloats * 4, 64);
        }
    }

    /** A number for what a step reads in this run: no other step and no other run has it. */
    long input(int step) {
        return runs << 32 | step;
    }

    MemorySegment memory(Slot s) {
        return memory[s.buffer];
    }

    int rows(Slot s) {
        return switch (s.rows) {
            case ALL -> rows;
            case TAIL -> tailRows;
            case SEQUENCES -> batch.segments;
            case EACH -> batch.segments * s.each;
        };
    }

    /** The first row of a sequence in a slot that holds all rows of the step. */
    int first(Slot s, int sequence) {
        return s.rows == Slot.Rows.SEQUENCES || s.rows == Slot.Rows.EACH ? s.first(sequence) : batch.starts[sequence];
    }

    /** How many rows a sequence has in a slot that holds all rows of the step. */
    int count(Slot s, int sequence) {
        return s.rows == Slot.Rows.SEQUENCES || s.rows == Slot.Rows.EACH
                ? s.each
                : batch.starts[sequence + 1] - batch.starts[sequence];
    }

    int[] ints(String input) {
        int[] a = batch.ints.get(input);
        if (a == null) {
            throw new IllegalArgumentException("the step needs '" + input + "', which was not given");
        }
        return a;
    }

    /** The sequence that a row belongs to. */
    int segmentOf(int row) {
        int i = Arrays.binarySearch(batch.starts, 0, batch.segments + 1, row);
        return i >= 0 ? i : -i - 2;
    }

    long bytes() {
        long n = scratchFloats * 4 * threads + sharedFloats * 4;
        for (MemorySegment m : memory) {
            n += m == null ? 0 : m.byteSize();
        }
        return n;
    }

    void close() {
        arena.close();
        scratchArena.close();
        sharedArena.close();
    }
}
