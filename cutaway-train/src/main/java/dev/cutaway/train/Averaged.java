package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An exponential moving average of the weights beside those that are trained (Polyak and Juditsky 1992; Tarvainen and Valpola, arXiv
 * 1703.01780): often better than the last ones, at the price of one more copy.
 */
public final class Averaged {
    private static final long PIECE = 1 << 16;

    private final Trained weights;
    private final double decay;
    private final Pool pool;
    private final Map<Parameter, Tensor> averages = new LinkedHashMap<>();

    /**
     * Begins with the weights as they are.
     *
     * @param decay share of the average that is kept each step
     */
    public Averaged(Trained weights, double decay, Pool pool) {
        if (!(decay >= 0 && decay < 1)) {
            throw new UsageException("ema is " + decay + "; it must be at least 0 and below 1");
        }
        this.weights = weights;
        this.decay = decay;
        this.pool = pool;
        for (Parameter p : weights.parameters()) {
            Tensor w = weights.weight(p);
            Tensor copy = Tensor.zeros(w.shape());
            copy.data().copyFrom(w.data());
            averages.put(p, copy);
        }
    }

    /** After a step: takes the weights in. */
    public void step() {
        List<Runnable> pieces = new ArrayList<>();
        float share = (float) (1 - decay);
        averages.forEach((p, a) -> {
            Tensor w = weights.weight(p);
            for (long at = 0; at < a.size(); at += PIECE) {
                long from = at;
                long to = Math.min(a.size(), at + PIECE);
                pieces.add(() -> Kernels.get().updates().average(a.data(), w.data(), from, to, share));
            }
        });
        Update.each(pool, pieces.size(), i -> pieces.get(i).run());
    }

    /** The average of one weight; its numbers change with each step. */
    public Tensor weight(Parameter p) {
        return Objects.requireNonNull(averages.get(p), "the weight is not trained");
    }
}
