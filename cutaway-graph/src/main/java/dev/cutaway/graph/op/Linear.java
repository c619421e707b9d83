package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/** {@code y = x W^T + b}. Inputs: rows {@code [row, in]}, weight {@code [out, in]}, bias {@code [out]} if there is one. */
public record Linear() implements Composite {
    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type w = in.get(1);
        boolean fits = x.rank() == 2
                && w.rank() == 2
                && x.dim(1).same(w.dim(1))
                && (in.size() < 3 || in.get(2).rank() == 1 && in.get(2).dim(0).same(w.dim(0)));
        // The expansion says the same, but building it for every product takes a tenth of a start.
        return fits ? List.of(Type.real(x.dim(0), w.dim(0))) : Composite.super.types(in);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value y = g.add(Ein.linear(), in.get(0), in.get(1));
        return List.of(in.size() > 2 ? g.add(Binary.ADD, y, in.get(2)) : y);
    }
}
