package dev.cutaway.graph;

import dev.cutaway.graph.op.Input;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Copies a graph and puts other nodes in place of some: what adapters and dropout are. Names, blocks and scopes stay; a replaced value's name
 * goes to what replaces it.
 */
public final class Rewrite {
    /** What stands in place of a node. */
    @FunctionalInterface
    public interface Rule {
        /**
         * Appends what replaces a node.
         *
         * @param g where the nodes go; they belong to the block of the replaced one
         * @param n the node of the graph that is copied
         * @param in its inputs in the copy
         * @return one value for each output, of its type; empty for a node that is copied as it is
         */
        Optional<List<Value>> apply(GraphBuilder g, Node n, List<Value> in);
    }

    private Rewrite() {}

    /** The graph with its nodes replaced as the rule says. */
    public static Graph of(Graph graph, Rule rule) {
        GraphBuilder g = new GraphBuilder();
        Map<Value, Value> copies = new HashMap<>();
        for (Node n : graph.nodes()) {
            g.block(n.block());
            List<Value> in = n.in().stream()
                    .map(v -> Objects.requireNonNull(copies.get(v)))
                    .toList();
            Optional<List<Value>> replaced = rule.apply(g, n, in);
            if (replaced.isEmpty()) {
                copy(g, n, in, copies);
                continue;
            }
            for (int i = 0; i < n.out().size(); i++) {
                copies.put(n.value(i), replaced.get().get(i));
            }
        }
        graph.names().forEach((name, v) -> g.name(name, Objects.requireNonNull(copies.get(v))));
        List<Value> blocks = graph.blockInputs().stream()
                .map(v -> Objects.requireNonNull(copies.get(v)))
                .toList();
        return g.build(blocks);
    }

    private static void copy(GraphBuilder g, Node n, List<Value> in, Map<Value, Value> copies) {
        if (n.op() instanceof Input i) {
            copies.put(n.value(0), g.input(i.input(), i.type())); // a rule may have asked for it already
            return;
        }
        Node made = g.addAll(n.op(), in, n.scope());
        for (int i = 0; i < n.out().size(); i++) {
            copies.put(n.value(i), made.value(i));
        }
    }
}
