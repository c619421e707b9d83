package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A learned vector in place of some rows: {@code y[r] = flags[r] == at ? vector : x[r]}. ViT's class token enters so, in the place of
 * position 0. Inputs: flags (integers), the vector {@code [width]}, rows {@code [position, width]}.
 *
 * @param at which flag
 */
public record Choose(int at) implements Primitive {
    /** Where flags are 0. */
    public Choose() {
        this(0);
    }

    @Override
    public String constants() {
        return at == 0 ? "" : "where " + at;
    }

    @Override
    public List<Type> types(List<Type> in) {
        if (!in.get(0).integer() || !in.get(1).dim(-1).same(in.get(2).dim(-1))) {
            throw new IllegalArgumentException("takes flags, a vector and rows of the same width");
        }
        return List.of(in.get(2));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float[] y = in.get(2).toFloats();
        float[] v = in.get(1).toFloats();
        int[] flags = Dense.ints(in.getFirst());
        for (int r = 0; r < flags.length; r++) {
            if (flags[r] == at) {
                System.arraycopy(v, 0, y, r * v.length, v.length);
            }
        }
        return List.of(Tensor.of(y, in.get(2).shape()));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return in.getFirst().getInt(index[0]) == at ? Derivation.move(1, index[1]) : Derivation.move(2, index);
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dys) -> {
            Value dy = dys.getFirst();
            Value flags = n.in().get(0);
            Type vector = n.in().get(1).type();
            Value rows = g.add(this, flags, g.add(Filled.zeros(vector)), dy);
            // Exact: where a row was kept the difference is 0, elsewhere nothing is subtracted.
            Value replaced = g.add(Binary.SUBTRACT, dy, rows);
            return List.of(Optional.empty(), Optional.of(Sums.to(g, replaced, vector)), Optional.of(rows));
        };
    }
}
