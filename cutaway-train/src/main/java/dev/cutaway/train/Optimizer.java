package dev.cutaway.train;

import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** How weights follow their gradients. The numbers are those of PyTorch's optimisers of the same names. */
public sealed interface Optimizer {
    /** Tensors of state that each weight has beside it. */
    int states();

    /**
     * Changes elements {@code from} to {@code to} of a weight.
     *
     * @param weight float32
     * @param gradient of the same shape
     * @param clipped what the gradient is multiplied by first
     * @param state what {@link #states} says, zeros before the first step
     * @param step counted from 1
     * @param rate the learning rate of this step
     * @param decays whether weight decay applies to this weight
     */
    void update(
            Tensor weight,
            Tensor gradient,
            float clipped,
            List<Tensor> state,
            int from,
            int to,
            long step,
            double rate,
            boolean decays);

    /**
     * Stochastic gradient descent with momentum (Sutskever et al. 2013, in PyTorch's form) and decoupled weight decay.
     *
     * @param momentum share of the last step's direction that is kept; 0 for none
     * @param decay share of the weight, times the rate, that goes each step
     */
    record Sgd(double momentum, double decay) implements Optimizer {
        public Sgd {
            require("momentum", momentum, 0, 1);
            require("weight_decay", decay, 0, Double.MAX_VALUE);
        }

        @Override
        public int states() {
            return momentum > 0 ? 1 : 0;
        }

        @Override
        public void update(
                Tensor weight,
                Tensor gradient,
                float clipped,
                List<Tensor> state,
                int from,
                int to,
                long step,
                double rate,
                boolean decays) {
            float keep = (float) (decays ? 1 - rate * decay : 1);
            float m = (float) momentum;
            float lr = (float) rate;
            MemorySegment x = weight.data();
            MemorySegment g = gradient.data();
            MemorySegment kept = momentum > 0 ? state.getFirst().data() : MemorySegment.NULL;
            for (int i = from; i < to; i++) {
                float d = clipped * g.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                if (momentum > 0) {
                    d = m * kept.getAtIndex(ValueLayout.JAVA_FLOAT, i) + d;
                    kept.setAtIndex(ValueLayout.JAVA_FLOAT, i, d);
                }
                float w = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, w * keep - lr * d);
            }
        }
    }

    /**
     * Adam with decoupled weight decay. Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2.
     *
     * @param beta1 share of the mean gradient that is kept
     * @param beta2 share of the mean squared gradient that is kept
     * @param eps added to the root of the mean square
     * @param decay share of the weight, times the rate, that goes each step
     */
    record AdamW(double beta1, double beta2, double eps, double decay) implements Optimizer {
        public AdamW {
            require("betas[0]", beta1, 0, 1);
            require("betas[1]", beta2, 0, 1);
            require("eps", eps, 0, Double.MAX_VALUE);
            require("weight_decay", decay, 0, Double.MAX_VALUE);
        }

        public static AdamW defaults() {
            return new AdamW(0.9, 0.999, 1e-8, 0.01);
        }

        @Override
        public int states() {
            return 2;
        }

        @Override
        public void update(
                Tensor weight,
                Tensor gradient,
                float clipped,
                List<Tensor> state,
                int from,
                int to,
                long step,
                double rate,
                boolean decays) {
            float keep = (float) (decays ? 1 - rate * decay : 1);
            float b1 = (float) beta1;
            float b2 = (float) beta2;
            float rest1 = (float) (1 - beta1);
            float rest2 = (float) (1 - beta2);
            float size = (float) (rate / (1 - Math.pow(beta1, (double) step)));
            float root = (float) (1 / Math.sqrt(1 - Math.pow(beta2, (double) step)));
            float e = (float) eps;
            MemorySegment x = weight.data();
            MemorySegment g = gradient.data();
            MemorySegment means = state.get(0).data();
            MemorySegment squares = state.get(1).data();
            for (int i = from; i < to; i++) {
                float d = clipped * g.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                float mean = b1 * means.getAtIndex(ValueLayout.JAVA_FLOAT, i) + rest1 * d;
                float square = b2 * squares.getAtIndex(ValueLayout.JAVA_FLOAT, i) + rest2 * d * d;
                means.setAtIndex(ValueLayout.JAVA_FLOAT, i, mean);
                squares.setAtIndex(ValueLayout.JAVA_FLOAT, i, square);
                float by = size * mean / ((float) Math.sqrt(square) * root + e);
                float w = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, w * keep - by);
            }
        }
    }

    private static void require(String key, double x, double from, double below) {
        if (!(x >= from && x < below)) {
            throw new dev.cutaway.tensor.UsageException("optimizer." + key + " is " + x + "; it must be at least "
                    + from + (below < Double.MAX_VALUE ? " and below " + below : ""));
        }
    }
}
