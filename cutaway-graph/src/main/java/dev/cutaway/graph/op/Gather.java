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

/**
 * Rows of a table by number: {@code y[r] = table[ids[r]]}.
 *
 * @param still a row that lookups do not train, as PyTorch's {@code padding_idx}; -1 for none
 */
public record Gather(int still) implements Primitive {
    /** Lookups train every row. */
    public Gather() {
        this(-1);
    }

    @Override
    public List<Type> types(List<Type> in) {
        if (!in.get(1).integer()) {
            throw new IllegalArgumentException("the second input must be integers");
        }
        List<Dim> dims = new ArrayList<>(in.get(1).dims());
        dims.addAll(in.get(0).dims().subList(1, in.get(0).rank()));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor table = in.get(0);
        int[] ids = Dense.ints(in.get(1));
        long n = table.dim(0);
        int w = Math.toIntExact(table.size() / n);
        float[] y = new float[ids.length * w];
        for (int r = 0; r < ids.length; r++) {
            if (ids[r] < 0 || ids[r] >= n) {
                throw new IllegalArgumentException("row " + ids[r] + " of a table of " + n + " rows");
            }
            System.arraycopy(table.row(ids[r]).toFloats(), 0, y, r * w, w);
        }
        return List.of(Tensor.of(y, node.out().getFirst().shape(binding)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        Tensor ids = in.get(1);
        long flat = 0;
        for (int i = 0; i < ids.rank(); i++) {
            flat = flat * ids.dim(i) + index[i];
        }
        long[] at = new long[in.getFirst().rank()];
        at[0] = ids.getInt(flat);
        System.arraycopy(index, ids.rank(), at, 1, at.length - 1);
        return new Derivation(
                "row " + at[0] + " of the table",
                "T_{" + at[0] + "}",
                Derivation.Kind.MOVE,
                List.of(Derivation.Term.of("row " + at[0], 0, at)),
                v -> v[0]);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> {
            Value ids = n.in().get(1);
            Value moving = still < 0
                    ? dy
                    : g.add(
                            new Choose(still),
                            ids,
                            g.add(new Filled(0, List.of(dy.type().dim(-1)))),
                            dy);
            return g.add(new Scatter(n.in().getFirst().type().dim(0)), moving, ids);
        });
    }
}
