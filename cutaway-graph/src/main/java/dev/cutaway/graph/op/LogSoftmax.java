package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** {@code y[j] = x[j] - log(sum over k of e^x[k])} over the last axis: logarithms of probabilities, exact where those are tiny. */
public record LogSoftmax() implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor t = in.getFirst();
        float[] x = t.toFloats();
        int n = (int) t.dim(t.rank() - 1);
        for (int at = 0; n > 0 && at < x.length; at += n) {
            row(x, at, n);
        }
        return List.of(Tensor.of(x, t.shape()));
    }

    private static void row(float[] x, int at, int n) {
        double max = Dense.reduce(x, at, n, Double.NEGATIVE_INFINITY, Math::max);
        double sum = Dense.reduce(x, at, n, 0, (s, v) -> s + Math.exp(v - max));
        double log = max + Math.log(sum);
        for (int i = at; i < at + n; i++) {
            x[i] = (float) (x[i] - log);
        }
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int n = (int) in.getFirst().dim(index.length - 1);
        int chosen = (int) index[index.length - 1];
        List<Derivation.Term> terms = new ArrayList<>(n);
        for (int j = 0; j < n; j++) {
            long[] at = index.clone();
            at[at.length - 1] = j;
            terms.add(Derivation.Term.of("score " + j + (j == chosen ? " (this one)" : ""), 0, at));
        }
        return Derivation.function(
                "this score minus the logarithm of the sum of e to the power of every score of the row",
                "x_j - \\log \\sum_{k} e^{x_k}",
                terms,
                v -> {
                    double max = Double.NEGATIVE_INFINITY;
                    for (double x : v) {
                        max = Math.max(max, x);
                    }
                    double sum = 0;
                    for (double x : v) {
                        sum += Math.exp(x - max);
                    }
                    return v[chosen] - max - Math.log(sum);
                });
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> {
            Value p = g.add(new Softmax(), n.in().getFirst());
            return g.add(Binary.SUBTRACT, dy, g.add(Binary.MULTIPLY, p, Sums.keeping(g, dy, -1)));
        });
    }
}
