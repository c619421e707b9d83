package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The weights of a graph that is trained: one float32 tensor, written by the optimiser, for each weight that changes; those that are frozen are
 * read where they are, in the model's own format.
 */
public final class Trained {
    private final Map<Parameter, Tensor> weights;
    private final Set<Parameter> frozen;
    private final Function<Parameter, Tensor> given;

    private Trained(Map<Parameter, Tensor> weights, Set<Parameter> frozen, Function<Parameter, Tensor> given) {
        this.weights = weights;
        this.frozen = frozen;
        this.given = given;
    }

    /**
     * Copies of some given weights; the others are frozen and not copied.
     *
     * @param weights a checkpoint's ({@code model::weight}), which must stay open
     * @param trained which ones change
     */
    public static Trained copyOf(Graph graph, Function<Parameter, Tensor> weights, Predicate<Parameter> trained) {
        Map<Parameter, Tensor> all = new LinkedHashMap<>();
        Set<Parameter> frozen = new HashSet<>();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Parameter p) {
                if (trained.test(p)) {
                    all.computeIfAbsent(p, k -> copy(weights.apply(k), shape(k)));
                } else {
                    frozen.add(p);
                }
            }
        }
        Map<Parameter, Tensor> found = new ConcurrentHashMap<>(); // they are asked for row by row
        return new Trained(
                all,
                frozen,
                p -> Objects.requireNonNull(found.computeIfAbsent(p, k -> {
                    Tensor t = weights.apply(k);
                    // A part of a matrix that was turned would keep the whole of it.
                    return k.source().transposed() ? copy(t, shape(k)) : t;
                })));
    }

    /** Copies of all weights: a checkpoint's ({@code model::weight}). */
    public static Trained copyOf(Graph graph, Function<Parameter, Tensor> weights) {
        return copyOf(graph, weights, p -> true);
    }

    private static Tensor copy(Tensor given, long[] shape) {
        Tensor wide = given.widen();
        if (wide != given) {
            return wide.reshape(shape); // a copy already
        }
        Tensor own = Tensor.zeros(shape);
        MemorySegment.copy(given.data(), 0, own.data(), 0, own.byteSize());
        return own;
    }

    private static long[] shape(Parameter p) {
        return p.dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
    }

    /** The weights that change, in the order of the graph. */
    public Collection<Parameter> parameters() {
        return Collections.unmodifiableSet(weights.keySet());
    }

    /** One weight: float32 if it changes, which it does with each step; else as the model keeps it. */
    public Tensor weight(Parameter p) {
        if (frozen.contains(p)) {
            return given.apply(p);
        }
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
