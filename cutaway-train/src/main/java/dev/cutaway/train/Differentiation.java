package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Whoever computes loss and gradients of a batch: by the definition ({@link Backward}), or planned. */
public interface Differentiation {
    /**
     * A batch's result.
     *
     * @param loss the sum over the objective's parts of the mean over the counted rows
     * @param gradients by parameter, float32 of the parameter's shape, for the trained ones that the loss depends on; theirs whoever
     *     computed them, and valid until the next batch
     * @param counted how many rows counted, over all parts
     */
    record Result(double loss, Map<Parameter, Tensor> gradients, int counted) {}

    /** What is differentiated. */
    Objective objective();

    /**
     * Loss and gradients of a batch at the weights as they are now.
     *
     * @param pieces into how many the batch is cut, which are computed one after the other and take so much less memory; whoever
     *     computes sequence by sequence anyway pays no heed
     * @throws IllegalArgumentException if no row of a part counts
     */
    Result of(List<Example> batch, int pieces);

    /** As {@link #of(List, int)}, at once. */
    default Result of(List<Example> batch) {
        return of(batch, 1);
    }

    /**
     * What is measured of data that are held out.
     *
     * @param loss as of {@link Result}
     * @param right by the name of the labels, for each cross-entropy: how many labels were the likeliest classes (the first one, where
     *     several are)
     */
    record Measured(double loss, Map<String, Integer> right) {}

    /**
     * The loss alone, as it is measured: nothing random in it.
     *
     * @param counted rows that count in all pieces together, for each part of the objective
     */
    Measured measure(List<Example> piece, int[] counted);
}
