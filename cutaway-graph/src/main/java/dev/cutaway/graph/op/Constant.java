package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/** {@code factor * x + offset}, with constants of the architecture: scales, epsilons, the one that Gemma adds to its gains. */
public record Constant(double factor, double offset) implements Primitive {
    public static Constant scale(double factor) {
        return new Constant(factor, 0);
    }

    public static Constant plus(double offset) {
        return new Constant(1, offset);
    }

    @Override
    public String constants() {
        return (factor == 1 ? "" : "times " + Numbers.plain(factor))
                + (offset == 0 ? "" : (factor == 1 ? "" : ", ") + "plus " + Numbers.plain(offset));
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float f = (float) factor;
        float o = (float) offset;
        return List.of(Dense.map(in.getFirst(), x -> Math.fma(f, x, o)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        String words = factor == 1
                ? "x plus " + Numbers.shown(offset)
                : Numbers.shown(factor) + " times x" + (offset == 0 ? "" : ", plus " + Numbers.shown(offset));
        String latex = (factor == 1 ? "x" : Numbers.latex(factor) + "\\,x")
                + (offset == 0 ? "" : " + " + Numbers.latex(offset));
        var x = new Derivation.Term("", factor, List.of(new Derivation.Element(0, index)));
        var c = new Derivation.Term("constant", offset, List.of());
        return Derivation.sum(words, latex, offset == 0 ? List.of(x) : List.of(x, c));
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> factor == 1 ? dy : g.add(scale(factor), dy));
    }
}
