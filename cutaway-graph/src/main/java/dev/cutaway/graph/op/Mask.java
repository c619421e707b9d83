package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/**
 * Hides scores that a row must not see: minus infinity (in gradients 0) where a key comes after the row (causal) or lies {@code window} or more
 * before it. Inputs: scores {@code [head, row, key]}, positions of the rows, positions of the keys.
 *
 * @param causal whether later keys are hidden
 * @param window how many keys, its own included, a row sees at most; 0 for all
 * @param hidden what stands in the place of what is hidden
 */
public record Mask(boolean causal, int window, double hidden) implements Primitive {
    /** Hides scores: minus infinity, of which softmax makes 0. */
    public Mask(boolean causal, int window) {
        this(causal, window, Double.NEGATIVE_INFINITY);
    }

    @Override
    public String constants() {
        return (causal ? "causal" : "both ways") + (window > 0 ? ", window " + window : "");
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    private boolean hidden(int row, int key) {
        return (causal && key > row) || (window > 0 && row - key >= window);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float[] x = in.getFirst().toFloats();
        int[] rows = Dense.ints(in.get(1));
        int[] keys = Dense.ints(in.get(2));
        for (int i = 0; i < x.length; i++) {
            if (hidden(rows[i / keys.length % rows.length], keys[i % keys.length])) {
                x[i] = (float) hidden;
            }
        }
        return List.of(Tensor.of(x, in.getFirst().shape()));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int row = in.get(1).getInt(index[1]);
        int key = in.get(2).getInt(index[2]);
        if (hidden(row, key)) {
            return Derivation.given("hidden: position " + row + " may not read position " + key);
        }
        return Derivation.move(0, index);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(new Mask(causal, window, 0), dy, n.in().get(1), n.in().get(2)));
    }
}
