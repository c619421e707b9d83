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

/** {@code p[j] = e^x[j] / sum over k of e^x[k]} over the last axis. Minus infinity gives 0. */
public record Softmax() implements Primitive {
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
        float max = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + n; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = at; i < at + n; i++) {
            double e = Math.exp(x[i] - max);
            x[i] = (float) e;
            sum += e;
        }
        for (int i = at; i < at + n; i++) {
            x[i] = (float) (x[i] / sum);
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
                "e to the power of this score, divided by the sum of e to the power of every score of the row",
                "\\frac{e^{x_j}}{\\sum_{k} e^{x_k}}",
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
                    return Math.exp(v[chosen] - max) / sum;
                });
    }

    @Override
    public GradientRule gradient() {
        // y (dy - sum over k of dy[k] y[k]): a score moves its own probability up and all others down.
        return GradientRule.ofFirst((g, n, dy) -> {
            Value y = n.value(0);
            Value mean = Sums.keeping(g, g.add(Binary.MULTIPLY, dy, y), -1);
            return g.add(Binary.MULTIPLY, y, g.add(Binary.SUBTRACT, dy, mean));
        });
    }
}
