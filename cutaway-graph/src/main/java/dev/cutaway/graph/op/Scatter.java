package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows added up by number: {@code y[t] = sum of x[r] over all r with ids[r] == t}, in order of r. The gradient of
 * {@link Gather}. Inputs: rows {@code [ids..., ...]}, ids (integers). Output {@code [rows, ...]}.
 */
public record Scatter(Dim rows) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type ids = in.get(1);
        boolean fits = ids.integer() && ids.rank() <= x.rank();
        for (int i = 0; fits && i < ids.rank(); i++) {
            fits = ids.dim(i).same(x.dim(i));
        }
        if (!fits) {
            throw new IllegalArgumentException("takes rows and their numbers, which are integers");
        }
        List<Dim> dims = new ArrayList<>(List.of(rows));
        dims.addAll(x.dims().subList(ids.rank(), x.rank()));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        long[] shape = node.out().getFirst().shape(binding);
        float[] y = new float[Math.toIntExact(Dense.size(shape))];
        float[] x = in.get(0).toFloats();
        int[] ids = Dense.ints(in.get(1));
        int w = Math.toIntExact(y.length / shape[0]);
        for (int r = 0; r < ids.length; r++) {
            if (ids[r] < 0 || ids[r] >= shape[0]) {
                throw new IllegalArgumentException("row " + ids[r] + " of a table of " + shape[0] + " rows");
            }
            for (int i = 0; i < w; i++) {
                y[ids[r] * w + i] += x[r * w + i];
            }
        }
        return List.of(Tensor.of(y, shape));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        Tensor ids = in.get(1);
        List<Derivation.Term> terms = new ArrayList<>();
        for (int r = 0; r < ids.size(); r++) {
            if (ids.getInt(r) == index[0]) {
                long[] at = new long[in.getFirst().rank()];
                long rest = r;
                for (int i = ids.rank() - 1; i >= 0; i--) {
                    at[i] = rest % ids.dim(i);
                    rest /= ids.dim(i);
                }
                System.arraycopy(index, 1, at, ids.rank(), index.length - 1);
                terms.add(Derivation.Term.of("row " + r, 0, at));
            }
        }
        return Derivation.sum("the sum over each row with number " + index[0], "\\sum_{r} x_{r}", terms);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(new Gather(), dy, n.in().get(1)));
    }
}
