package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/** The same numbers in the same order with other axes: heads split from the width, or joined again. */
public record Reshape(List<Dim> dims) implements Primitive {
    public Reshape {
        dims = List.copyOf(dims);
    }

    public static Reshape to(Dim... dims) {
        return new Reshape(List.of(dims));
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type to = Type.real(dims);
        if (to.fixedSize() != in.getFirst().fixedSize()) {
            throw new IllegalArgumentException("cannot become " + to);
        }
        return List.of(to);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(in.getFirst().reshape(node.out().getFirst().shape(binding)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long[] outShape = node.out().getFirst().shape(binding);
        long flat = 0;
        for (int i = 0; i < index.length; i++) {
            flat = flat * outShape[i] + index[i];
        }
        long[] inShape = in.getFirst().shape();
        long[] at = new long[inShape.length];
        for (int i = at.length - 1; i >= 0; i--) {
            at[i] = flat % inShape[i];
            flat /= inShape[i];
        }
        return Derivation.move(0, at);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst(
                (g, n, dy) -> g.add(new Reshape(n.in().getFirst().type().dims()), dy));
    }
}
