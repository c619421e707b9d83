package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import java.util.List;

/** {@code y = x W^T + b}. Inputs: rows {@code [row, in]}, weight {@code [out, in]}, bias {@code [out]} if there is one. */
public record Linear() implements Composite {
    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value y = g.add(Ein.linear(), in.get(0), in.get(1));
        return List.of(in.size() > 2 ? g.add(Binary.ADD, y, in.get(2)) : y);
    }
}
