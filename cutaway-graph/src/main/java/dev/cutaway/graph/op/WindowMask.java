package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/**
 * What is added to the scores of shifted windows: -100 where rolling the image has brought together what does not lie together, else 0
 * (Swin, arXiv 2103.14030, section 3.2). No input; output {@code [window, one, query, key]}.
 *
 * @param windows which windows
 * @param dims the output's axes
 */
public record WindowMask(Picking.Windows windows, List<Dim> dims) implements Primitive {
    private static final float HIDDEN = -100;

    public WindowMask {
        dims = List.copyOf(dims);
    }

    @Override
    public String constants() {
        return windows.words();
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.real(dims));
    }

    /** The numbers, {@code [window, query, key]}. */
    public float[] values() {
        int[] numbers = windows.numbers();
        int all = windows.size() * windows.size();
        float[] y = new float[numbers.length * all];
        for (int i = 0; i < y.length; i++) {
            int query = i / all;
            int key = query / all * all + i % all;
            y[i] = region(numbers[query]) == region(numbers[key]) ? 0 : HIDDEN;
        }
        return y;
    }

    /** Which part of the rolled grid a row of the unrolled one lies in; within a part, neighbours are neighbours. */
    private int region(int row) {
        return part(row / windows.width(), windows.height()) * 3 + part(row % windows.width(), windows.width());
    }

    private int part(int unrolled, int length) {
        int at = Math.floorMod(unrolled - windows.shift(), length);
        return (at >= length - windows.size() ? 1 : 0) + (at >= length - windows.shift() ? 1 : 0);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(Tensor.of(values(), node.out().getFirst().shape(binding)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.given("0 for neighbours in the image, -100 for what only the shift has brought together");
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
