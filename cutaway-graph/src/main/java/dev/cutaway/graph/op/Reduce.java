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

/** Sum or mean over one axis, the mean over a fixed one only. The mean keeps the axis with size 1 (so that it broadcasts back), the sum drops it. */
public record Reduce(boolean mean, int axis, String words) implements Primitive {
    /** The mean over the last axis, which stays as 1. */
    public static Reduce meanOfLast() {
        return new Reduce(true, -1, "coordinate");
    }

    /** The sum over an axis, which goes. */
    public static Reduce sum(int axis, String words) {
        return new Reduce(false, axis, words);
    }

    private int axisOf(int rank) {
        return axis < 0 ? rank + axis : axis;
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type t = in.getFirst();
        int a = axisOf(t.rank());
        if (mean) {
            t.size(a); // of a fixed size: the mean over rows would depend on how they are cut into segments
        }
        List<Dim> out = new ArrayList<>(t.dims());
        if (mean) {
            out.set(a, Dim.of("one", 1));
        } else {
            out.remove(a);
        }
        return List.of(Type.real(out));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor t = in.getFirst();
        int a = axisOf(t.rank());
        long[] s = t.shape();
        int n = (int) s[a];
        int inner = 1;
        for (int i = a + 1; i < s.length; i++) {
            inner *= (int) s[i];
        }
        float[] x = t.toFloats();
        int outer = 1;
        for (int i = 0; i < a; i++) {
            outer *= (int) s[i];
        }
        float[] out = new float[outer * inner];
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < inner; i++) {
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    sum += x[(o * n + j) * inner + i];
                }
                out[o * inner + i] = (float) (mean ? sum / n : sum);
            }
        }
        return List.of(Tensor.of(out, node.out().getFirst().shape(binding)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        Tensor t = in.getFirst();
        int a = axisOf(t.rank());
        int n = (int) t.dim(a);
        List<Derivation.Term> terms = new ArrayList<>(n);
        for (int j = 0; j < n; j++) {
            long[] at = new long[t.rank()];
            for (int i = 0, k = 0; i < at.length; i++) {
                at[i] = i == a ? j : index[k];
                k += i == a && !mean ? 0 : 1;
            }
            terms.add(new Derivation.Term(words + " " + j, mean ? 1.0 / n : 1, List.of(new Derivation.Element(0, at))));
        }
        return mean
                ? Derivation.sum("the mean over each " + words, "\\frac{1}{n}\\sum_{i} x_{i}", terms)
                : Derivation.sum("the sum over each " + words, "\\sum_{i} x_{i}", terms);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> {
            Type t = n.in().getFirst().type();
            int a = axisOf(t.rank());
            if (mean) {
                return g.add(new Stretch(t.dims()), g.add(Constant.scale(1.0 / t.size(a)), dy));
            }
            List<Dim> kept = new ArrayList<>(t.dims());
            kept.set(a, Dim.of("one", 1));
            return g.add(new Stretch(t.dims()), g.add(new Reshape(kept), dy));
        });
    }
}
