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

/** The same numbers repeated along axes, by NumPy's rule: axes aligned at the end, an axis of 1 stretches. What a sum becomes on the way back. */
public record Stretch(List<Dim> dims) implements Primitive {
    public Stretch {
        dims = List.copyOf(dims);
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.getFirst();
        Type to = Type.real(dims);
        boolean fits = x.rank() <= to.rank();
        for (int i = 1; fits && i <= x.rank(); i++) {
            fits = x.dim(-i).one() || x.dim(-i).same(to.dim(-i));
        }
        if (!fits) {
            throw new IllegalArgumentException("cannot stretch to " + to);
        }
        return List.of(to);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor like = Tensor.zeros(node.out().getFirst().shape(binding));
        return List.of(Dense.zip(in.getFirst(), like, (x, zero) -> x));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.move(0, Dense.project(index, in.getFirst().shape()));
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst(
                (g, n, dy) -> Sums.to(g, dy, n.in().getFirst().type()));
    }
}
