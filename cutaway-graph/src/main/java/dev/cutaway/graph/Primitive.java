package dev.cutaway.graph;

import dev.cutaway.tensor.Tensor;
import java.util.List;

/**
 * An operation that is evaluated as it stands: matrix product, sum, softmax, gather ... It declares its shape rule
 * ({@link #types}), a reference evaluation, where each element of its output comes from, and its gradient.
 */
public non-sealed interface Primitive extends Op {
    /**
     * Reference evaluation for one segment.
     *
     * @param in one tensor per input, float32 or int32, shapes as declared by {@link #types}
     * @return one tensor per output
     */
    List<Tensor> eval(Node node, Binding binding, List<Tensor> in);

    /**
     * Where one element of an output comes from.
     *
     * @param index the element, without a batch axis
     * @param binding sizes of the row spaces
     * @param in the input tensors (their shapes are what is needed; values are read by whoever evaluates the terms)
     */
    Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in);

    /** Multiply-adds of one evaluation; 0 for operations that move or add numbers. */
    default long macs(List<Type> in, Binding binding) {
        return 0;
    }

    /**
     * The gradient as nodes: given the gradients of the outputs, appends nodes and returns one gradient per input.
     * {@link GradientRule#NONE} for operations through which nothing is differentiated (indices, inputs, weights).
     */
    GradientRule gradient();
}
