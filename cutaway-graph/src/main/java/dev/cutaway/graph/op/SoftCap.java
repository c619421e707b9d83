package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/** {@code cap * tanh(x / cap)}: keeps scores or logits within a bound. Source: Gemma 2, arXiv 2408.00118, section 2. */
public record SoftCap(double cap) implements Composite {
    @Override
    public String constants() {
        return "cap " + Numbers.plain(cap);
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value t = g.add(Unary.TANH, g.add(Constant.scale(1 / cap), in.getFirst()));
        return List.of(g.add(Constant.scale(cap), t));
    }
}
