package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An elementwise operation on two tensors, with NumPy's broadcasting: axes aligned at the end, an axis of 1 stretches. */
public enum Binary implements Primitive {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE;

    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type y = in.get(1);
        List<Dim> out = new ArrayList<>();
        int n = Math.max(x.rank(), y.rank());
        for (int i = n; i >= 1; i--) {
            if (i > x.rank()) {
                out.add(y.dim(-i));
            } else if (i > y.rank() || y.dim(-i).one()) {
                out.add(x.dim(-i));
            } else if (x.dim(-i).one() || x.dim(-i).same(y.dim(-i))) {
                out.add(x.dim(-i).one() ? y.dim(-i) : x.dim(-i));
            } else {
                throw new IllegalArgumentException("the shapes do not fit");
            }
        }
        return List.of(Type.real(out));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(Dense.zip(
                in.get(0),
                in.get(1),
                switch (this) {
                    case ADD -> (a, b) -> a + b;
                    case SUBTRACT -> (a, b) -> a - b;
                    case MULTIPLY -> (a, b) -> a * b;
                    case DIVIDE -> (a, b) -> a / b;
                }));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        var x = new Derivation.Element(0, Dense.project(index, in.get(0).shape()));
        var y = new Derivation.Element(1, Dense.project(index, in.get(1).shape()));
        return switch (this) {
            case ADD ->
                Derivation.sum(
                        "x plus y",
                        "x + y",
                        List.of(new Derivation.Term("x", 1, List.of(x)), new Derivation.Term("y", 1, List.of(y))));
            case SUBTRACT ->
                Derivation.sum(
                        "x minus y",
                        "x - y",
                        List.of(
                                new Derivation.Term("x", 1, List.of(x)),
                                new Derivation.Term("y, subtracted", -1, List.of(y))));
            case MULTIPLY ->
                Derivation.sum("x times y", "x \\cdot y", List.of(new Derivation.Term("product", 1, List.of(x, y))));
            case DIVIDE ->
                Derivation.function(
                        "x divided by y",
                        "\\frac{x}{y}",
                        List.of(new Derivation.Term("x", 1, List.of(x)), new Derivation.Term("y", 1, List.of(y))),
                        v -> v[0] / v[1]);
        };
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dys) -> {
            Value dy = dys.getFirst();
            Value x = n.in().get(0);
            Value y = n.in().get(1);
            Value dx = switch (this) {
                case ADD, SUBTRACT -> dy;
                case MULTIPLY -> g.add(MULTIPLY, dy, y);
                case DIVIDE -> g.add(DIVIDE, dy, y);
            };
            Value back = switch (this) {
                case ADD -> dy;
                case SUBTRACT -> g.add(Constant.scale(-1), dy);
                case MULTIPLY -> g.add(MULTIPLY, dy, x);
                case DIVIDE -> g.add(Constant.scale(-1), g.add(MULTIPLY, dx, n.value(0)));
            };
            return List.of(Optional.of(Sums.to(g, dx, x.type())), Optional.of(Sums.to(g, back, y.type())));
        };
    }
}
