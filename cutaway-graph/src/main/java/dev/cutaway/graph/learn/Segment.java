package dev.cutaway.graph.learn;

import dev.cutaway.graph.Binding;
import dev.cutaway.tensor.Tensor;
import java.util.Map;

/**
 * One sequence of a batch.
 *
 * @param inputs the graph's inputs by name, labels and their weights among them
 * @param binding how many rows of each space it has; as many keys as rows
 */
public record Segment(Map<String, Tensor> inputs, Binding binding) {
    public Segment {
        inputs = Map.copyOf(inputs);
    }
}
