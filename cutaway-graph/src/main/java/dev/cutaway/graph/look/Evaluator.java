package dev.cutaway.graph.look;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Ein;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Evaluates any value of an opened graph on demand, for one segment: walks back to what is given (inputs, weights, recorded
 * values), then forward in the graph's order, and lets go of each value after its last use unless it was asked for. Nothing
 * but primitives is evaluated here, so what is looked at is the definition itself, not a second model.
 */
public final class Evaluator {
    private final Graph graph;
    private final Binding binding;
    private final Given given;
    private final Map<Value, Edit> edits;

    /**
     * @param graph an opened graph ({@link Graph#opened()})
     * @param binding how many rows and keys there are
     * @param given what the evaluation starts from; must not give values that an edit makes invalid
     * @param edits interventions by value
     */
    public Evaluator(Graph graph, Binding binding, Given given, Map<Value, Edit> edits) {
        this.graph = graph;
        this.binding = binding;
        this.given = given;
        this.edits = Map.copyOf(edits);
    }

    public Binding binding() {
        return binding;
    }

    /** One value, shape as declared in the graph. */
    public Tensor value(Value v) {
        return Objects.requireNonNull(evaluate(List.of(v)).get(v));
    }

    /** Several values at once; what they share is computed once. */
    public Map<Value, Tensor> evaluate(Collection<Value> wanted) {
        return evaluate(wanted, () -> false);
    }

    /**
     * Several values at once.
     *
     * @param cancelled asked before each node
     * @throws java.util.concurrent.CancellationException if it said so
     */
    public Map<Value, Tensor> evaluate(Collection<Value> wanted, java.util.function.BooleanSupplier cancelled) {
        Map<Value, Tensor> known = new HashMap<>();
        Map<Value, Integer> uses = new HashMap<>();
        for (int id : needed(wanted, known, uses)) {
            if (cancelled.getAsBoolean()) {
                throw new java.util.concurrent.CancellationException();
            }
            Node n = graph.nodes().get(id);
            List<Tensor> out = run(n, n.in().stream().map(known::get).toList());
            for (int i = 0; i < out.size(); i++) {
                put(known, n.value(i), out.get(i));
            }
            for (Value v : n.in()) {
                if (uses.merge(v, -1, Integer::sum) == 0) {
                    known.remove(v);
                }
            }
        }
        known.keySet().retainAll(Set.copyOf(wanted));
        return known;
    }

    private void put(Map<Value, Tensor> known, Value v, Tensor t) {
        Edit edit = edits.get(v);
        Tensor used = edit == null ? t : edit.apply(t);
        if (!Arrays.equals(used.shape(), t.shape())) {
            throw new IllegalArgumentException("a value of shape " + Arrays.toString(t.shape())
                    + " was replaced by one of " + Arrays.toString(used.shape()));
        }
        known.put(v, used);
    }

    /** Nodes to run, in order; fills in given values and counts how often each value is used (wanted ones once more). */
    private Set<Integer> needed(Collection<Value> wanted, Map<Value, Tensor> known, Map<Value, Integer> uses) {
        Set<Integer> nodes = new TreeSet<>();
        ArrayDeque<Value> open = new ArrayDeque<>(wanted);
        wanted.forEach(v -> uses.merge(v, 1, Integer::sum));
        while (!open.isEmpty()) {
            Value v = open.pop();
            if (known.containsKey(v) || nodes.contains(v.node().id())) {
                continue;
            }
            Optional<Tensor> t = given.value(v);
            if (t.isPresent()) {
                put(known, v, t.get());
                continue;
            }
            nodes.add(v.node().id());
            // A weight that is packed is not widened for a product that reads it packed.
            Value unread = packed(v.node()).isPresent() ? v.node().in().get(1) : v;
            for (Value in : v.node().in()) {
                uses.merge(in, 1, Integer::sum);
                if (!in.equals(unread)) {
                    open.push(in);
                }
            }
        }
        return nodes;
    }

    /** Runs a node; the weight of a product that reads it packed may be missing from {@code in}. */
    private List<Tensor> run(Node n, List<Tensor> in) {
        Optional<PackedMatrix> matrix = packed(n);
        return matrix.isPresent()
                ? List.of(Packed.multiply(in.getFirst(), matrix.get()))
                : ((Primitive) n.op()).eval(n, binding, in);
    }

    /** The matrix that the plan packed, if the node is a product by one and no intervention changed it. */
    private Optional<PackedMatrix> packed(Node n) {
        return n.op() instanceof Ein ein
                        && ein.isLinear()
                        && n.in().get(1).node().op() instanceof Parameter p
                        && !edits.containsKey(n.in().get(1))
                ? given.packed(p)
                : Optional.empty();
    }
}
