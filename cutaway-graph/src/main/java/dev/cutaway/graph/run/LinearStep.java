package dev.cutaway.graph.run;

import dev.cutaway.tensor.kernel.MatrixKernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Products of the same rows with one or several weights (query, key and value; gate and up) as one step: chunks are panels of
 * any of them.
 */
final class LinearStep extends Step {
    /** Weights of a chunk: some ten microseconds for one row. */
    private static final long ELEMENTS = 100_000;

    private final Slot x;
    private final List<Supplier<PackedMatrix>> sources = new ArrayList<>();
    private final List<Slot> outputs = new ArrayList<>();
    private final List<Boolean> adds = new ArrayList<>();
    private PackedMatrix[] weights = {};
    private Slot[] y = {};
    private boolean[] add = {};
    private int panels;
    private long elements;

    LinearStep(Slot x) {
        this.x = x;
    }

    Slot input() {
        return x;
    }

    int products() {
        return outputs.size();
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
        return slot == x || outputs.contains(slot);
    }

    /** Has the last product added to what another slot holds. */
    void addLastTo(Slot output) {
        outputs.set(outputs.size() - 1, output);
        adds.set(adds.size() - 1, true);
    }

    /** Packs the weights; called once before the first run. */
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
        // Few for small products, where handing out costs; many for large ones, so that nobody waits long for the last.
        long some = Math.max(f.threads * (f.rows(x) > 1 ? 8L : 4L), elements / ELEMENTS);
        return (int) Math.min(Math.min(panels, some), Pool.MAX_CHUNKS);
    }

    @Override
    long scratch(Frame f) {
        long n = 0;
        for (PackedMatrix w : weights) {
            n = Math.max(n, f.kernels.matrix().scratchFloats(w, f.rows(x)));
        }
        return n;
    }

    @Override
    void run(Frame f, int chunk, int worker) {
        int chunks = chunks(f);
        int from = (int) ((long) panels * chunk / chunks);
        int to = (int) ((long) panels * (chunk + 1) / chunks);
        MatrixKernels k = f.kernels.matrix();
        for (int i = 0, first = 0; i < weights.length && first < to; i++) {
            int last = first + weights[i].panels();
            int a = Math.max(from, first);
            int b = Math.min(to, last);
            if (a < b) {
                k.multiply(
                        weights[i],
                        f.memory(x),
                        0,
                        x.width,
                        f.memory(y[i]),
                        0,
                        y[i].width,
                        f.rows(x),
                        a - first,
                        b - first,
                        add[i],
                        f.scratch[worker],
                        0);
            }
            first = last;
        }
    }
}
