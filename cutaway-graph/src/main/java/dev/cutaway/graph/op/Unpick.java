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
 * Rows added up where they were picked from: {@code y[t] = sum of x[i] over all i with numbers[i] == t}, in order of i. The gradient of
 * {@link Pick}. Input {@code [to..., ...]}, output {@code [from..., ...]}.
 */
public record Unpick(Picking how, List<Dim> from, List<Dim> to) implements Primitive {
    public Unpick {
        from = List.copyOf(from);
        to = List.copyOf(to);
    }

    @Override
    public String constants() {
        return how.words();
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Pick.exchanged(in.getFirst(), to, from));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float[] x = in.getFirst().toFloats();
        long[] shape = node.out().getFirst().shape(binding);
        float[] y = new float[Math.toIntExact(Dense.size(shape))];
        int[] numbers = how.numbers();
        int w = y.length / Pick.count(shape, from.size());
        for (int i = 0; i < numbers.length; i++) {
            for (int k = 0; numbers[i] >= 0 && k < w; k++) {
                y[numbers[i] * w + k] += x[i * w + k];
            }
        }
        return List.of(Tensor.of(y, shape));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int row = Pick.flat(index, node.out().getFirst().shape(binding), from.size());
        int[] numbers = how.numbers();
        List<Derivation.Term> terms = new ArrayList<>();
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] == row) {
                long[] at = Pick.moved(i, in.getFirst().shape(), to.size(), index, from.size());
                terms.add(Derivation.Term.of("place " + i, 0, at));
            }
        }
        return Derivation.sum("the sum over each place that row " + row + " went to", "\\sum_{i} x_{i}", terms);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(new Pick(how, from, to), dy));
    }
}
