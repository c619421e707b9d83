package dev.cutaway.graph.run;

import dev.cutaway.tensor.kernel.MatrixKernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Products of the same rows with one or several weights (query, key and value; gate and up) as one step: chunks are panels of
 * any of them. Where its rows are those of a norm, and there is only one, each thread computes that row for itself: shorter than to
 * wait until one of them has.
 */
final class LinearStep extends Step {
    /** Weights of a chunk: some ten microseconds for one row. */
    private static final long ELEMENTS = 100_000;
    /** Multiply-adds of a chunk of several rows: some fifty microseconds. */
    private static final long PRODUCTS = 3_000_000;
    /** Kernels take rows in tiles; a multiple of their sizes. */
    private static final int TILE = 12;
    /** Rows of a chunk, at most. */
    private static final int ROWS = 192;

    private final Slot x;
    private final int number;
    private final Optional<RowSteps.Norm> norm;
    private final List<Supplier<PackedMatrix>> sources = new ArrayList<>();
    private final List<Slot> outputs = new ArrayList<>();
    private final List<Boolean> adds = new ArrayList<>();
    private PackedMatrix[] weights = {};
    private Slot[] y = {};
    private boolean[] add = {};
    private int panels;
    private long elements;

    /**
     * @param number which step of its plan this is
     * @param norm the step before, if what it writes are this one's rows
     */
    LinearStep(Slot x, int number, Optional<RowSteps.Norm> norm) {
        this.x = x;
        this.number = number;
        this.norm = norm;
    }

    Slot input() {
        return x;
    }

    /** Adds a product. */
    void product(Supplier<PackedMatrix> weight, Slot output) {
        sources.add(weight);
        outputs.add(output);
        adds.add(false);
    }

    /** Where the last product goes. */
    Slot lastOutput() {
        return outputs.getLast();
    }

    /** Whether the step reads or writes a slot. */
    boolean touches(Slot slot) {
        return slot == x
                || outputs.contains(slot)
                || norm.isPresent() && norm.get().input() == slot;
    }

    /** Has the last product added to what another slot holds. */
    void addLastTo(Slot output) {
        outputs.set(outputs.size() - 1, output);
        adds.set(adds.size() - 1, true);
    }

    @Override
    void prepare() {
        weights = sources.stream().map(Supplier::get).toArray(PackedMatrix[]::new);
        y = outputs.toArray(Slot[]::new);
        add = new boolean[y.length];
        for (int i = 0; i < y.length; i++) {
            add[i] = adds.get(i);
            panels += weights[i].panels();
            elements += (long) weights[i].rows() * weights[i].columns();
        }
    }

    @Override
    int chunks(Frame f) {
        if (f.rows(x) == 0) {
            return 0;
        }
        return Math.min(blocks(f) * parts(f), Pool.MAX_CHUNKS);
    }

    /** Blocks of rows: those of one stay in the second cache while panel after panel is multiplied by them. */
    private int blocks(Frame f) {
        return rowChunks(f.rows(x), blockRows(f));
    }

    /** Rows of a block: about as many in each, in whole tiles. */
    private int blockRows(Frame f) {
        int rows = f.rows(x);
        int each = rowChunks(rows, rowChunks(rows, ROWS));
        return rowChunks(each, TILE) * TILE;
    }

    /** Parts that the panels are cut into for each block of rows. */
    private int parts(Frame f) {
        // Few for small products, where handing out costs; many for large ones, so that nobody waits long for the last.
        long all = f.rows(x) > 1 ? 8L * f.threads : 4L * f.threads;
        long some = Math.max(rowChunks((int) all, blocks(f)), elements / ELEMENTS);
        if (f.rows(x) > 1) {
            some = Math.max(some, blockRows(f) * elements / PRODUCTS);
        }
        return (int) Math.min(Math.min(panels, some), Math.max(1, Pool.MAX_CHUNKS / blocks(f)));
    }

    @Override
    long scratch(Frame f) {
        long n = 0;
        for (PackedMatrix w : weights) {
            n = Math.max(n, f.kernels.matrix().scratchFloats(w, Math.min(ROWS, f.rows(x))));
        }
        return n + normed();
    }

    /** Floats of a thread's scratch memory that a row of the norm takes. */
    private int normed() {
        return norm.isPresent() ? rowChunks(x.width, 16) * 16 : 0;
    }

    /** Whether the norm's only row is computed here. */
    private boolean norms(Frame f) {
        return norm.isPresent() && norm.get().leaves(f);
    }

    /** Has the thread's scratch memory begin with the norm's row; whoever takes the first chunk writes it for later steps too. */
    private void norm(Frame f, int chunk, int worker) {
        RowSteps.Norm n = norm.orElseThrow();
        if (f.normed[worker * Frame.LINE] != f.input(number)) {
            n.row(f, f.scratch[worker]);
            f.normed[worker * Frame.LINE] = f.input(number);
        }
        if (chunk == 0) {
            MemorySegment.copy(f.scratch[worker], 0, f.memory(x), 0, 4L * x.width);
        }
    }

    @Override
    void run(Frame f, int chunk, int worker) {
        int parts = parts(f);
        int block = blockRows(f);
        int row = chunk / parts * block;
        int rows = Math.min(block, f.rows(x) - row);
        int part = chunk % parts;
        int from = (int) ((long) panels * part / parts);
        int to = (int) ((long) panels * (part + 1) / parts);
        MatrixKernels k = f.kernels.matrix();
        boolean own = norms(f);
        if (own) {
            norm(f, chunk, worker);
        }
        for (int i = 0, first = 0; i < weights.length && first < to; i++) {
            int last = first + weights[i].panels();
            int a = Math.max(from, first);
            int b = Math.min(to, last);
            if (a < b) {
                k.multiply(
                        weights[i],
                        own ? f.scratch[worker] : f.memory(x),
                        own ? 0 : x.at(row),
                        x.width,
                        f.memory(y[i]),
                        y[i].at(row),
                        y[i].width,
                        rows,
                        a - first,
                        b - first,
                        add[i],
                        f.input(number),
                        f.scratch[worker],
                        own ? normed() : 0);
            }
            first = last;
        }
    }
}
