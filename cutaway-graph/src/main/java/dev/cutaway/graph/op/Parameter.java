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

/**
 * A weight of the checkpoint, or a part of one. Its numbers are given by whoever evaluates the graph.
 *
 * @param source the checkpoint's name and how this parameter is cut out of it
 * @param dims the shape as the graph uses it
 * @param fixed whether it belongs to the checkpoint but is never trained (what PyTorch calls a buffer)
 */
public record Parameter(WeightSource source, List<Dim> dims, boolean fixed) implements Primitive {
    public Parameter {
        dims = List.copyOf(dims);
    }

    public Parameter(WeightSource source, List<Dim> dims) {
        this(source, dims, false);
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        throw new IllegalStateException("weight '" + source.name() + "' was not given");
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.given("a weight of the model");
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
