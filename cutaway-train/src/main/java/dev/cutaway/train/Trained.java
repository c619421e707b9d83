package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;

/** Weights that change: one float32 tensor per parameter of a graph, of the parameter's shape, written by the optimiser. */
public final class Trained {
    private final Map<Parameter, Tensor> weights;

    private Trained(Map<Parameter, Tensor> weights) {
        this.weights = weights;
    }

    /** Copies of given weights: a checkpoint's ({@code model::weight}). */
    public static Trained copyOf(Graph graph, Function<Parameter, Tensor> weights) {
        return of(graph, p -> {
            float[] x = weights.apply(p).toFloats();
            return Tensor.of(x, shape(p));
        });
    }

    /**
     * Random weights as GPT-2 begins: matrices from a normal distribution of deviation 0.02, gains of norms 1, biases 0. Each weight's
     * numbers depend on the seed and its own name only.
     */
    public static Trained random(Graph graph, long seed) {
        return of(graph, p -> {
            long[] shape = shape(p);
            Tensor t = Tensor.zeros(shape);
            String name = p.source().name();
            if (shape.length == 1 && name.endsWith("weight")) {
                fill(t, () -> 1);
            } else if (!name.endsWith("bias") || shape.length > 1) {
                SplittableRandom r = new SplittableRandom(
                        seed * 0x9E3779B97F4A7C15L + p.source().hashCode());
                fill(t, () -> 0.02 * r.nextGaussian());
            }
            return t;
        });
    }

    private static void fill(Tensor t, java.util.function.DoubleSupplier x) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) x.getAsDouble());
        }
    }

    private static Trained of(Graph graph, Function<Parameter, Tensor> make) {
        Map<Parameter, Tensor> all = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Parameter p) {
                all.computeIfAbsent(p, make);
            }
        }
        return new Trained(all);
    }

    private static long[] shape(Parameter p) {
        return p.dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
    }

    /** All weights, in the order of the graph. */
    public Collection<Parameter> parameters() {
        return Collections.unmodifiableSet(weights.keySet());
    }

    /** One weight; its numbers change with each step. */
    public Tensor weight(Parameter p) {
        return Objects.requireNonNull(weights.get(p), "the weight belongs to another graph");
    }

    /** How many numbers are trained. */
    public long size() {
        long n = 0;
        for (Tensor t : weights.values()) {
            n += t.size();
        }
        return n;
    }

    List<Tensor> tensors() {
        return new ArrayList<>(weights.values());
    }
}
