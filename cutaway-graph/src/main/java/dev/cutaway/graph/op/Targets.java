package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * What a model ought to predict, as a distribution: 1 for the label and 0 elsewhere, of which {@code smoothing} is spread evenly
 * over all classes (Szegedy et al., arXiv 1512.00567, section 7). Rows whose label is negative are not counted: all 0. Input: labels
 * {@code [row]} (integers); output {@code [row, class]}.
 */
public record Targets(Dim classes, double smoothing) implements Primitive {
    public Targets {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + smoothing + " is not from 0 to below 1");
        }
    }

    @Override
    public String constants() {
        return smoothing == 0 ? "" : "smoothing " + Numbers.plain(smoothing);
    }

    @Override
    public List<Type> types(List<Type> in) {
        if (!in.getFirst().integer() || in.getFirst().rank() != 1) {
            throw new IllegalArgumentException("labels are one integer per row");
        }
        return List.of(Type.real(in.getFirst().dim(0), classes));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        int[] labels = Dense.ints(in.getFirst());
        int n = node.out().getFirst().size(1);
        float[] q = new float[Math.multiplyExact(labels.length, n)];
        for (int r = 0; r < labels.length; r++) {
            if (labels[r] >= n) {
                throw new IllegalArgumentException("label " + labels[r] + " of row " + r + " is not below " + n);
            }
            if (labels[r] >= 0) {
                Arrays.fill(q, r * n, (r + 1) * n, (float) (smoothing / n));
                q[r * n + labels[r]] = (float) (1 - smoothing + smoothing / n);
            }
        }
        return List.of(Tensor.of(q, labels.length, n));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int label = in.getFirst().getInt(index[0]);
        return Derivation.given(label < 0 ? "this row is not counted" : "the right class is " + label);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
