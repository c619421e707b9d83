package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * The attention's output projection, opened by head: {@code y = sum over heads of z[head] W_O[head]^T + b}. Inputs: mixed
 * values {@code [row, head, head size]}, weight {@code [out, head * head size]}, bias if there is one.
 */
public record HeadsOut() implements Composite {
    @Override
    public List<Type> types(List<Type> in) {
        Type z = in.get(0);
        Type w = in.get(1);
        boolean fits = z.rank() == 3
                && w.rank() == 2
                && w.size(1) == z.size(1) * z.size(2)
                && (in.size() < 3 || in.get(2).rank() == 1 && in.get(2).dim(0).same(w.dim(0)));
        // As in Linear: what the expansion says, without building it.
        return fits ? List.of(Type.real(z.dim(0), w.dim(0))) : Composite.super.types(in);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Type z = in.get(0).type();
        Dim out = in.get(1).type().dim(0);
        Value w = g.add(Reshape.to(out, z.dim(1), z.dim(2)), in.get(1));
        Value result = g.name(
                "hook_result",
                g.add(
                        new Ein("rhd,ohd->rho", "component", "mixed value times weight", "\\sum_{d} z_{d}\\,W_{O,d}"),
                        in.get(0),
                        w));
        Value y = g.add(Reduce.sum(1, "head"), result);
        return List.of(in.size() > 2 ? g.add(Binary.ADD, y, in.get(2)) : y);
    }
}
