package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.UpdateKernels;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The optimiser at work on all weights, in pieces that the threads of a pool share. How many threads there are changes no bit of the
 * result.
 */
public final class Update {
    /** Floats of a piece: long enough to be worth handing over, short enough that threads end together. */
    private static final long PIECE = 1 << 16;

    private final Trained weights;
    private final Optimizer optimizer;
    private final Predicate<Parameter> decays;
    private final Pool pool;
    private final Map<Parameter, List<Tensor>> states = new LinkedHashMap<>();

    private record Piece(Tensor tensor, long from, long to) {}

    private record Change(Parameter p, Tensor gradient, Optimizer by, List<Tensor> state, long from, long to) {}

    /**
     * @param decays to which weights weight decay applies
     * @param pool whose threads take part; not closed here
     */
    public Update(Trained weights, Optimizer optimizer, Predicate<Parameter> decays, Pool pool) {
        this.weights = weights;
        this.optimizer = optimizer;
        this.decays = decays;
        this.pool = pool;
    }

    /** The norm of all gradients together. */
    public double norm(Collection<Tensor> gradients) {
        return norm(gradients, pool);
    }

    /** The norm of all tensors together, as if they were one vector; float32. */
    public static double norm(Collection<Tensor> tensors, Pool pool) {
        List<Piece> pieces = new ArrayList<>();
        for (Tensor t : tensors) {
            for (long at = 0; at < t.size(); at += PIECE) {
                pieces.add(new Piece(t, at, Math.min(t.size(), at + PIECE)));
            }
        }
        double[] squares = new double[pieces.size()];
        UpdateKernels kernels = Kernels.get().updates();
        each(pool, squares.length, i -> {
            Piece p = pieces.get(i);
            squares[i] = kernels.squares(p.tensor.data(), p.from, p.to);
        });
        double sum = 0;
        for (double s : squares) {
            sum += s;
        }
        return Math.sqrt(sum);
    }

    /**
     * One step.
     *
     * @param gradients of the weights that change
     * @param clipped what gradients are multiplied by first
     * @param step counted from 1
     * @param rate the learning rate of this step
     */
    public void apply(Map<Parameter, Tensor> gradients, float clipped, long step, double rate) {
        List<Change> changes = new ArrayList<>();
        gradients.forEach((p, g) -> {
            Optimizer by = optimizer.of(p);
            List<Tensor> state = state(p);
            long piece = by.whole() ? Math.max(1, g.size()) : PIECE;
            for (long at = 0; at < g.size(); at += piece) {
                changes.add(new Change(p, g, by, state, at, Math.min(g.size(), at + piece)));
            }
        });
        each(pool, changes.size(), i -> {
            Change c = changes.get(i);
            Tensor w = weights.weight(c.p);
            c.by.update(w, c.gradient, clipped, c.state, c.from, c.to, step, rate, decays.test(c.p));
        });
    }

    Tensor weight(Parameter p) {
        return weights.weight(p);
    }

    Collection<Parameter> parameters() {
        return weights.parameters();
    }

    /** What the optimiser keeps beside a weight: zeros before the first step. Whoever resumes a run writes into it. */
    public List<Tensor> state(Parameter p) {
        return Objects.requireNonNull(states.computeIfAbsent(
                p,
                k -> IntStream.range(0, optimizer.of(p).states())
                        .mapToObj(i -> Tensor.zeros(weights.weight(p).shape()))
                        .toList()));
    }

    /** What the optimiser keeps beside all weights that were updated so far. */
    public Map<Parameter, List<Tensor>> states() {
        return Collections.unmodifiableMap(states);
    }

    /** Calls for 0 to n - 1, on all threads of a pool. */
    static void each(Pool pool, int n, IntConsumer work) {
        pool.run(new Pool.Program() {
            @Override
            public int steps() {
                return (n + Pool.MAX_CHUNKS - 1) / Pool.MAX_CHUNKS;
            }

            @Override
            public int chunks(int step) {
                return Math.min(Pool.MAX_CHUNKS, n - step * Pool.MAX_CHUNKS);
            }

            @Override
            public void execute(int step, int chunk, int worker) {
                work.accept(step * Pool.MAX_CHUNKS + chunk);
            }
        });
    }
}
