package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/** The gate of a gated feed-forward layer: {@code f(a) * b}. Source: Shazeer, arXiv 2002.05202. Inputs: a and b, same shape. */
public record Gate(Unary function) implements Composite {
    @Override
    public String constants() {
        return function.name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        return List.of(g.add(Binary.MULTIPLY, g.add(function, in.get(0)), in.get(1)));
    }
}
