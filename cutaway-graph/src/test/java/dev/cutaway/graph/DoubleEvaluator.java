package dev.cutaway.graph;

import dev.cutaway.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Evaluates an opened graph in double precision by nothing but what operations declare about where each element comes from
 * ({@link Primitive#derive}). Slow, and a second opinion: a derivation that does not tell the truth gives wrong values here. What a
 * derivation calls given (angles, what a mask hides) comes from the operation's own evaluation.
 */
final class DoubleEvaluator {
    private final Binding binding;
    private final Map<Value, double[]> reals = new HashMap<>();
    private final Map<Value, Tensor> tensors = new HashMap<>();

    DoubleEvaluator(Binding binding) {
        this.binding = binding;
    }

    void give(Value v, double[] x) {
        reals.put(v, x);
        tensors.put(v, floats(v, x));
    }

    void give(Value v, int[] x) {
        tensors.put(v, Tensor.ofInts(x, v.type().shape(binding)));
    }

    private Tensor floats(Value v, double[] x) {
        float[] f = new float[x.length];
        for (int i = 0; i < f.length; i++) {
            f[i] = (float) x[i];
        }
        return Tensor.of(f, v.type().shape(binding));
    }

    double[] value(Value v) {
        tensor(v);
        return Objects.requireNonNull(reals.get(v));
    }

    private Tensor tensor(Value v) {
        Tensor known = tensors.get(v);
        if (known != null) {
            return known;
        }
        Node n = v.node();
        Primitive op = (Primitive) n.op();
        List<Tensor> in = n.in().stream().map(this::tensor).toList();
        List<Tensor> out = op.eval(n, binding, in);
        for (int o = 0; o < out.size(); o++) {
            Value y = n.value(o);
            if (!y.type().integer()) {
                double[] d = new double[(int) out.get(o).size()];
                java.util.Arrays.fill(d, Double.NaN);
                reals.put(y, d);
            }
            tensors.put(y, out.get(o));
        }
        for (int o = 0; o < out.size(); o++) {
            for (int i = 0; !n.out().get(o).integer() && i < out.get(o).size(); i++) {
                element(n, op, o, index(i, out.get(o).shape()), in, out);
            }
        }
        return Objects.requireNonNull(tensors.get(v));
    }

    /** An element of an output; those of the node's own that it comes from are computed first. */
    private double element(Node n, Primitive op, int output, long[] index, List<Tensor> in, List<Tensor> out) {
        double[] own = Objects.requireNonNull(reals.get(n.value(output)));
        int at = (int) flat(index, out.get(output).shape());
        if (!Double.isNaN(own[at])) {
            return own[at];
        }
        Derivation d = op.derive(n, output, index, binding, in);
        if (d.kind() == Derivation.Kind.GIVEN) {
            own[at] = out.get(output).get(at);
            return own[at];
        }
        double[] terms = new double[d.terms().size()];
        for (int i = 0; i < terms.length; i++) {
            Derivation.Term t = d.terms().get(i);
            terms[i] = t.constant();
            for (Derivation.Element e : t.factors()) {
                int behind = e.input() - in.size();
                terms[i] *= behind >= 0
                        ? element(n, op, behind, e.index(), in, out)
                        : Objects.requireNonNull(reals.get(n.in().get(e.input())))[
                                (int) flat(e.index(), in.get(e.input()).shape())];
            }
        }
        own[at] = d.how().of(terms);
        return own[at];
    }

    static long[] index(long flat, long[] shape) {
        long[] at = new long[shape.length];
        long rest = flat;
        for (int i = at.length - 1; i >= 0; i--) {
            at[i] = rest % shape[i];
            rest /= shape[i];
        }
        return at;
    }

    private static long flat(long[] index, long[] shape) {
        long f = 0;
        for (int i = 0; i < shape.length; i++) {
            f = f * shape[i] + index[i];
        }
        return f;
    }
}
