package dev.cutaway.train;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.UpdateKernels;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How weights follow their gradients. The numbers are those of PyTorch's optimisers of the same names (Lion's those of its paper). Weight
 * decay is decoupled in all of them.
 */
public sealed interface Optimizer {
    /** Tensors of state, of the weight's shape, that each weight has beside it; asked of what {@link #of} gave. */
    int states();

    /** What updates this weight: this one, unless it leaves the weight to another. */
    default Optimizer of(Parameter p) {
        return this;
    }

    /** Whether a weight is updated as a whole only, not in pieces. */
    default boolean whole() {
        return false;
    }

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
            long from,
            long to,
            long step,
            double rate,
            boolean decays);

    private static float keep(double rate, double decay, boolean decays) {
        return (float) (decays ? 1 - rate * decay : 1);
    }

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
                long from,
                long to,
                long step,
                double rate,
                boolean decays) {
            UpdateKernels k = Kernels.get().updates();
            float keep = keep(rate, decay, decays);
            MemorySegment w = weight.data();
            MemorySegment g = gradient.data();
            if (momentum > 0) {
                MemorySegment kept = state.getFirst().data();
                k.momentum(w, g, kept, from, to, clipped, keep, (float) rate, (float) momentum);
            } else {
                k.descend(w, g, from, to, clipped, keep, (float) rate);
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
                long from,
                long to,
                long step,
                double rate,
                boolean decays) {
            UpdateKernels.Adam c = new UpdateKernels.Adam(
                    clipped,
                    keep(rate, decay, decays),
                    (float) beta1,
                    (float) (1 - beta1),
                    (float) beta2,
                    (float) (1 - beta2),
                    (float) (rate / (1 - Math.pow(beta1, (double) step))),
                    (float) (1 / Math.sqrt(1 - Math.pow(beta2, (double) step))),
                    (float) eps);
            MemorySegment mean = state.get(0).data();
            MemorySegment square = state.get(1).data();
            Kernels.get().updates().adamW(weight.data(), gradient.data(), mean, square, from, to, c);
        }
    }

    /**
     * Lion: the sign of an interpolated momentum. Source: Chen et al., arXiv 2302.06675, algorithm 2.
     *
     * @param beta1 share of the mean gradient in the step's direction
     * @param beta2 share of the mean gradient that is kept
     * @param decay share of the weight, times the rate, that goes each step
     */
    record Lion(double beta1, double beta2, double decay) implements Optimizer {
        public Lion {
            require("betas[0]", beta1, 0, 1);
            require("betas[1]", beta2, 0, 1);
            require("weight_decay", decay, 0, Double.MAX_VALUE);
        }

        /** The paper's constants. */
        public static Lion defaults() {
            return new Lion(0.9, 0.99, 0);
        }

        @Override
        public int states() {
            return 1;
        }

        @Override
        public void update(
                Tensor weight,
                Tensor gradient,
                float clipped,
                List<Tensor> state,
                long from,
                long to,
                long step,
                double rate,
                boolean decays) {
            UpdateKernels.Lion c = new UpdateKernels.Lion(
                    clipped,
                    keep(rate, decay, decays),
                    (float) rate,
                    (float) beta1,
                    (float) (1 - beta1),
                    (float) beta2,
                    (float) (1 - beta2));
            MemorySegment mean = state.getFirst().data();
            Kernels.get().updates().lion(weight.data(), gradient.data(), mean, from, to, c);
        }
    }

    /**
     * Muon: momentum made orthogonal, for the matrices inside blocks; AdamW for all other weights. Source: Jordan et al. 2024, Muon: an
     * optimizer for hidden layers, in the form of PyTorch's {@code torch.optim.Muon}, but with the iteration in float32 where PyTorch
     * rounds to bfloat16.
     *
     * <p>A matrix is what the graph multiplies by, {@code [out, in]}: query, key and value are made orthogonal each by itself also where the
     * checkpoint keeps them as one matrix (which their authors found to work better), and matrices that it keeps as {@code [in, out]} are
     * turned first, so that the adjustment sees outputs and inputs as what they are.
     *
     * @param momentum share of the mean gradient that is kept
     * @param nesterov whether the step looks ahead: the gradient is mixed into the mean once more
     * @param steps of the Newton-Schulz iteration
     * @param adjust how the rate depends on the matrix's shape
     * @param decay share of the weight, times the rate, that goes each step
     * @param hidden the matrices; all other weights are the others'
     * @param others for all other weights
     * @param othersRate the learning rate of the others, as a multiple of the matrices'
     */
    record Muon(
            double momentum,
            boolean nesterov,
            int steps,
            Adjust adjust,
            double decay,
            Set<Parameter> hidden,
            AdamW others,
            double othersRate)
            implements Optimizer {
        public Muon {
            require("momentum", momentum, 0, 1);
            require("weight_decay", decay, 0, Double.MAX_VALUE);
            require("ns_steps", steps, 1, 100);
            require("others_lr", othersRate, 0, Double.MAX_VALUE);
            hidden = Set.copyOf(hidden);
        }

        /** PyTorch's constants for the matrices of a graph. */
        public static Muon of(Graph graph, Adjust adjust, AdamW others, double othersRate) {
            return new Muon(0.95, true, 5, adjust, 0.1, hidden(graph), others, othersRate);
        }

        /** Matrices that are read inside blocks only: no embedding, no unembedding. */
        public static Set<Parameter> hidden(Graph graph) {
            Set<Parameter> inside = new HashSet<>();
            Set<Parameter> outside = new HashSet<>();
            int blocks = graph.blockInputs().size();
            for (Node n : graph.nodes()) {
                for (Value v : n.in()) {
                    if (v.node().op() instanceof Parameter p && p.dims().size() == 2) {
                        (n.block() >= 0 && n.block() < blocks ? inside : outside).add(p);
                    }
                }
            }
            inside.removeAll(outside);
            return inside;
        }

        @Override
        public Optimizer of(Parameter p) {
            return hidden.contains(p) ? this : new Others(others, othersRate);
        }

        @Override
        public boolean whole() {
            return true;
        }

        @Override
        public int states() {
            return 1;
        }

        @Override
        public void update(
                Tensor weight,
                Tensor gradient,
                float clipped,
                List<Tensor> state,
                long from,
                long to,
                long step,
                double rate,
                boolean decays) {
            if (from != 0 || to != weight.size() || weight.rank() != 2) {
                throw new IllegalArgumentException("Muon updates whole matrices");
            }
            Orthogonal.update(this, weight, gradient, clipped, state.getFirst(), rate, keep(rate, decay, decays));
        }

        /** How the rate of a matrix {@code [out, in]} is adjusted to its shape. */
        public enum Adjust {
            /** By {@code sqrt(max(1, out / in))}: Jordan's. */
            ORIGINAL,
            /** By {@code 0.2 sqrt(max(out, in))}, so that updates are as large as AdamW's (Liu et al., arXiv 2502.16982). */
            MATCH_RMS_ADAMW,
            /** By {@code sqrt(out / in)} (Bernstein 2025, Deriving Muon). */
            SPECTRAL_UNCLAMPED;

            double factor(long out, long in) {
                return switch (this) {
                    case ORIGINAL -> Math.sqrt(Math.max(1, (double) out / in));
                    case MATCH_RMS_ADAMW -> 0.2 * Math.sqrt((double) Math.max(out, in));
                    case SPECTRAL_UNCLAMPED -> Math.sqrt((double) out / in);
                };
            }
        }
    }

    /**
     * What Muon leaves to AdamW.
     *
     * @param adamW its constants
     * @param factor its learning rate, as a multiple of the run's
     */
    record Others(AdamW adamW, double factor) implements Optimizer {
        @Override
        public int states() {
            return adamW.states();
        }

        @Override
        public void update(
                Tensor weight,
                Tensor gradient,
                float clipped,
                List<Tensor> state,
                long from,
                long to,
                long step,
                double rate,
                boolean decays) {
            adamW.update(weight, gradient, clipped, state, from, to, step, rate * factor, decays);
        }
    }

    private static void require(String key, double x, double from, double below) {
        if (!(x >= from && x < below)) {
            throw new UsageException("optimizer." + key + " is " + x + "; it must be at least " + from
                    + (below < Double.MAX_VALUE ? " and below " + below : ""));
        }
    }
}
