package dev.cutaway.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Builds the gradient of a primitive as nodes of the same graph, so that it can be run and looked at like any other. */
@FunctionalInterface
public interface GradientRule {
    /** Nothing is differentiated: inputs, weights, integers, constants. */
    GradientRule NONE = (g, node, dy) -> {
        List<Optional<Value>> none = new ArrayList<>();
        node.in().forEach(v -> none.add(Optional.empty()));
        return none;
    };

    /**
     * Appends the gradient.
     *
     * @param g where the nodes go
     * @param node the forward node
     * @param outputGradients one per output of {@code node}
     * @return one per input of {@code node}, of the input's type; empty where the input has none (integers)
     */
    List<Optional<Value>> build(GraphBuilder g, Node node, List<Value> outputGradients);

    /** The gradient of an operation with one output, of which only the first input is differentiated. */
    static GradientRule ofFirst(First rule) {
        return (g, node, dy) -> {
            List<Optional<Value>> in = new ArrayList<>();
            in.add(Optional.of(rule.build(g, node, dy.getFirst())));
            for (int i = 1; i < node.in().size(); i++) {
                in.add(Optional.empty());
            }
            return in;
        };
    }

    /** The first input's gradient. */
    @FunctionalInterface
    interface First {
        Value build(GraphBuilder g, Node node, Value outputGradient);
    }
}
