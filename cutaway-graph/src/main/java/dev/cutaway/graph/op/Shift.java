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
import java.util.List;
import java.util.Optional;

/**
 * Each row as the next one sees it: {@code y[r] = x[r - 1]}, the first row a given one; and the row that falls out at the end. Its gradient
 * is the same the other way. Inputs: rows {@code [row, ...]} and what comes in, {@code [sequence, ...]}; outputs: rows and what falls out.
 *
 * @param backwards whether each row is what the one before sees: {@code y[r] = x[r + 1]}
 */
public record Shift(boolean backwards) implements Primitive {
    @Override
    public String constants() {
        return backwards ? "backwards" : "";
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type edge = in.get(1);
        boolean fits = x.rank() == edge.rank()
                && x.dim(0) instanceof Dim.Rows
                && edge.dim(0).same(Dim.of(Space.SEQUENCES));
        for (int i = 1; fits && i < x.rank(); i++) {
            fits = x.dim(i).same(edge.dim(i));
        }
        if (!fits) {
            throw new IllegalArgumentException("takes rows, and a row of the same width for each sequence");
        }
        return List.of(x, edge);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor x = in.get(0);
        Tensor edge = in.get(1);
        long n = x.dim(0);
        if (n == 0) {
            return List.of(x, edge);
        }
        Tensor y = backwards
                ? Dense.concatRows(x.slice(0, 1, n).widen(), edge.widen())
                : Dense.concatRows(edge.widen(), x.slice(0, 0, n - 1).widen());
        return List.of(y, x.slice(0, backwards ? 0 : n - 1, backwards ? 1 : n));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long n = in.getFirst().dim(0);
        long[] at = index.clone();
        if (output == 1) {
            at[0] = backwards ? 0 : n - 1;
            return Derivation.move(0, at);
        }
        at[0] += backwards ? 1 : -1;
        boolean inside = at[0] >= 0 && at[0] < n;
        at[0] = inside ? at[0] : 0;
        return Derivation.move(inside ? 0 : 1, at);
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dy) -> {
            Node back = g.addAll(new Shift(!backwards), dy, "");
            return List.of(Optional.of(back.value(0)), Optional.of(back.value(1)));
        };
    }
}
