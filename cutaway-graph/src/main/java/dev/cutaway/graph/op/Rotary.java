package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Rotary positions: each pair of coordinates of a head is turned by an angle proportional to the position. Source: RoFormer,
 * arXiv 2104.09864. Inputs: {@code [row, head, head size]}, cosines and sines {@code [row, pair]}.
 *
 * @param interleaved whether pairs are neighbours (2i, 2i+1), as in the paper, or halves (i, i + n/2), as in most checkpoints
 */
public record Rotary(boolean interleaved) implements Composite {
    @Override
    public List<Type> types(List<Type> in) {
        if (2 * in.get(1).size(-1) > in.getFirst().size(-1)) {
            throw new IllegalArgumentException("more pairs than coordinates");
        }
        return List.of(in.getFirst());
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value x = in.get(0);
        Type t = x.type();
        int pairs = in.get(1).type().size(-1);
        Dim row = t.dim(0);
        Value cos = g.add(Reshape.to(row, Dim.of("one", 1), Dim.of("pair", pairs)), in.get(1));
        Value sin = g.add(Reshape.to(row, Dim.of("one", 1), Dim.of("pair", pairs)), in.get(2));
        Value a = half(g, x, pairs, 0);
        Value b = half(g, x, pairs, 1);
        Value first = g.add(Binary.SUBTRACT, g.add(Binary.MULTIPLY, a, cos), g.add(Binary.MULTIPLY, b, sin));
        Value second = g.add(Binary.ADD, g.add(Binary.MULTIPLY, b, cos), g.add(Binary.MULTIPLY, a, sin));
        Value turned = interleaved ? weave(g, first, second, t, pairs) : g.add(new Concat(), first, second);
        int size = t.size(-1);
        return List.of(2 * pairs == size ? turned : g.add(new Concat(), turned, g.add(new Slice(2 * pairs, size), x)));
    }

    private Value half(GraphBuilder g, Value x, int pairs, int which) {
        if (!interleaved) {
            return g.add(new Slice(which * pairs, (which + 1) * pairs), x);
        }
        Type t = x.type();
        Value turnable = 2 * pairs == t.size(-1) ? x : g.add(new Slice(0, 2 * pairs), x);
        Value split = g.add(Reshape.to(t.dim(0), t.dim(1), Dim.of("pair", pairs), Dim.of("of pair", 2)), turnable);
        return g.add(Reshape.to(t.dim(0), t.dim(1), Dim.of("pair", pairs)), g.add(new Slice(which, which + 1), split));
    }

    private static Value weave(GraphBuilder g, Value a, Value b, Type t, int pairs) {
        Dim pair = Dim.of("pair", pairs);
        Dim one = Dim.of("one", 1);
        Value both = g.add(
                new Concat(),
                g.add(Reshape.to(t.dim(0), t.dim(1), pair, one), a),
                g.add(Reshape.to(t.dim(0), t.dim(1), pair, one), b));
        return g.add(Reshape.to(t.dim(0), t.dim(1), Dim.of("head size", 2 * pairs)), both);
    }
}
