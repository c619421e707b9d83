package dev.cutaway.graph;

import java.util.List;
import java.util.Optional;

/** Builds the gradient of a primitive as nodes of the same graph, so that it can be run and looked at like any other. */
@FunctionalInterface
public interface GradientRule {
    /**
     * Appends the gradient.
     *
     * @param g where the nodes go
     * @param node the forward node
     * @param outputGradients one per output of {@code node}
     * @return one per input of {@code node}; empty where the input has none (integers)
     */
    List<Optional<Value>> build(GraphBuilder g, Node node, List<Value> outputGradients);
}
