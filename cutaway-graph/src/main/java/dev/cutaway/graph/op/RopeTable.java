package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cosines and sines of rotary positions: {@code cos[r, i] = factor * cos(position[r] * frequency[i])}, and the same with sin.
 * Source: RoFormer (arXiv 2104.09864), section 3.4; scaled variants are made by {@link RopeFrequencies}. Two outputs
 * {@code [position, pair]}.
 */
public record RopeTable(RopeFrequencies frequencies) implements Primitive {
    @Override
    public String constants() {
        return frequencies.words();
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type t = Type.real(in.getFirst().dim(0), Dim.of("pair", frequencies.pairs()));
        return List.of(t, t);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        int[] position = Dense.ints(in.getFirst());
        int n = frequencies.pairs();
        float[] cos = new float[position.length * n];
        float[] sin = new float[position.length * n];
        int length = length(in.getFirst(), binding);
        for (int r = 0; r < position.length; r++) {
            frequencies.row(position[r], length, cos, sin, r * n);
        }
        return List.of(Tensor.of(cos, position.length, n), Tensor.of(sin, position.length, n));
    }

    /** How long a sequence is whose rows these are: its keys, or up to its last position. */
    public static int length(Tensor positions, Binding binding) {
        Integer keys = binding.sizes().get(Space.KEYS);
        int last = IntStream.of(Dense.ints(positions)).max().orElse(0) + 1;
        return keys == null ? last : Math.max(keys, last);
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int position = in.getFirst().getInt(index[0]);
        int length = length(in.getFirst(), binding);
        double f = frequencies.frequencies(length)[(int) index[1]];
        double scale = frequencies.factor(length);
        String name = output == 0 ? "cos" : "sin";
        return Derivation.given(name + " of position " + position + " times frequency " + Numbers.plain(f)
                + (scale == 1 ? "" : ", times " + Numbers.plain(scale)));
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
