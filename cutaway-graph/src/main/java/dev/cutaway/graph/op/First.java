package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The first row of each sequence: {@code [position, width]} to {@code [sequence, width]}. BERT and ViT pool it. */
public record First() implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        List<Dim> dims = new ArrayList<>(in.getFirst().dims());
        dims.set(0, Dim.of(Space.SEQUENCES));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(in.getFirst().slice(0, 0, 1));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.move(0, index);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst(
                (g, n, dy) -> g.add(new PutFirst(n.in().getFirst().type().dim(0)), dy));
    }
}
