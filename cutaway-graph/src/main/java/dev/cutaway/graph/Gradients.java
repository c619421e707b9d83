package dev.cutaway.graph;

import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Filled;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reverse-mode differentiation of a graph into nodes of the same graph (Griewank and Walther, Evaluating Derivatives, chapter
 * 3): nodes are visited from the last to the first; each turns the gradients of its outputs into gradients of its inputs, and what reaches
 * a value by several ways is added. A primitive says its gradient itself ({@link Primitive#gradient}); a composite's is a {@link GradOf}
 * node. Backward nodes belong to the block of the node that they differentiate.
 *
 * <p>A gradient without an axis of rows (a weight's) is summed over the rows of all segments of a step. Whoever evaluates segment by
 * segment adds the results.
 */
public final class Gradients {
    /** What names of gradients begin with. */
    public static final String PREFIX = "grad.";

    private final Graph graph;
    private final Value loss;
    private final Map<Value, Value> of;

    private Gradients(Graph graph, Value loss, Map<Value, Value> of) {
        this.graph = graph;
        this.loss = loss;
        this.of = of;
    }

    /**
     * Appends the gradient of one number to a graph.
     *
     * @param forward the graph; its nodes, and so its values, are also those of the result
     * @param loss a value of one element
     */
    public static Gradients of(Graph forward, Value loss) {
        return of(forward, loss, active(forward.nodes(), Gradients::source));
    }

    /**
     * Appends the gradient of one number with respect to some weights and to what lies between: nothing is computed for those that are
     * frozen.
     *
     * @param trained which weights
     */
    public static Gradients of(Graph forward, Value loss, Predicate<Parameter> trained) {
        return of(
                forward,
                loss,
                active(forward.nodes(), n -> n.op() instanceof Parameter p && !p.fixed() && trained.test(p)));
    }

    private static Gradients of(Graph forward, Value loss, Set<Value> active) {
        boolean single = loss.type().dims().stream().allMatch(Dim::one);
        if (loss.type().integer() || !single || loss.type().rank() == 0) {
            throw new IllegalArgumentException("gradients are of one number, not of " + loss.type());
        }
        GraphBuilder g = GraphBuilder.extending(forward);
        g.block(loss.node().block());
        Map<Value, Value> seeds = Map.of(loss, g.add(new Filled(1, loss.type().dims())));
        Map<Value, Value> gradients = backward(g, forward.nodes(), seeds, active::contains);
        forward.names().forEach((name, v) -> {
            Value d = gradients.get(v);
            if (d != null) {
                g.name(PREFIX + name, d);
            }
        });
        return new Gradients(g.build(), loss, Collections.unmodifiableMap(gradients));
    }

    /** Forward and backward nodes; gradients of named values are named {@code grad.} and the name. */
    public Graph graph() {
        return graph;
    }

    /** What is differentiated. */
    public Value loss() {
        return loss;
    }

    /** The gradient with respect to a value of the forward graph; empty if the loss does not depend on it, or it holds integers. */
    public Optional<Value> gradient(Value v) {
        return Optional.ofNullable(of.get(v));
    }

    /** The gradient of each weight that the loss depends on, in the order of the graph. */
    public Map<Value, Value> ofParameters() {
        Map<Value, Value> out = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            Value d = n.op() instanceof Parameter ? of.get(n.value(0)) : null;
            if (d != null) {
                out.put(n.value(0), d);
            }
        }
        return out;
    }

    private static boolean source(Node n) {
        return n.op() instanceof Parameter p ? !p.fixed() : n.op() instanceof Input;
    }

    /** Real values that depend on a source; of others nobody wants a gradient (angles, masks). */
    private static Set<Value> active(List<Node> nodes, Predicate<Node> source) {
        Set<Value> active = new HashSet<>();
        for (Node n : nodes) {
            if (source.test(n) || n.in().stream().anyMatch(active::contains)) {
                for (int i = 0; i < n.out().size(); i++) {
                    if (!n.out().get(i).integer()) {
                        active.add(n.value(i));
                    }
                }
            }
        }
        return active;
    }

    /** Appends the backward nodes of {@code nodes}; returns the gradient of each value that the seeds depend on. */
    static Map<Value, Value> backward(
            GraphBuilder g, List<Node> nodes, Map<Value, Value> seeds, Predicate<Value> active) {
        Map<Value, Value> gradients = new HashMap<>(seeds);
        int block = g.block();
        for (Node n : List.copyOf(nodes).reversed()) {
            List<Value> dy = new ArrayList<>();
            boolean reached = false;
            boolean moves = n.in().stream().anyMatch(active);
            for (int i = 0; moves && i < n.out().size(); i++) {
                reached |= gradients.containsKey(n.value(i));
            }
            if (!reached) {
                continue;
            }
            g.block(n.block());
            for (int i = 0; i < n.out().size(); i++) {
                Value d = gradients.get(n.value(i));
                dy.add(d != null ? d : g.add(Filled.zeros(n.out().get(i))));
            }
            List<Optional<Value>> dx = switch (n.op()) {
                case Primitive p -> p.gradient().build(g, n, dy);
                case Composite c -> composite(g, n, c, dy);
            };
            for (int i = 0; i < dx.size(); i++) {
                Value x = n.in().get(i);
                if (active.test(x)) {
                    dx.get(i).ifPresent(d -> gradients.merge(x, d, (a, b) -> g.add(Binary.ADD, a, b)));
                }
            }
        }
        g.block(block);
        return gradients;
    }

    private static List<Optional<Value>> composite(GraphBuilder g, Node n, Composite c, List<Value> dy) {
        List<Value> in = new ArrayList<>(n.in());
        in.addAll(dy);
        String scope = n.scope().isEmpty() ? "" : PREFIX + n.scope();
        Node d = g.addAll(new GradOf(c, n.in().size()), in, scope);
        List<Optional<Value>> out = new ArrayList<>();
        int next = 0;
        for (Value v : n.in()) {
            out.add(v.type().integer() ? Optional.empty() : Optional.of(d.value(next++)));
        }
        return out;
    }
}
