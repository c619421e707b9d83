package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** One number everywhere: the gradient of the loss with respect to itself, and what lies beside a slice. */
public record Filled(double value, List<Dim> dims) implements Primitive {
    public Filled {
        dims = List.copyOf(dims);
    }

    /** Zeros of this type. */
    public static Filled zeros(Type t) {
        return new Filled(0, t.dims());
    }

    @Override
    public String constants() {
        return Numbers.plain(value);
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        long[] shape = node.out().getFirst().shape(binding);
        float[] y = new float[Math.toIntExact(Dense.size(shape))];
        Arrays.fill(y, (float) value);
        return List.of(Tensor.of(y, shape));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.sum(
                "a constant", Numbers.latex(value), List.of(new Derivation.Term("constant", value, List.of())));
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
