package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/** The same numbers with the axes in another order. */
public record Permute(List<Integer> axes) implements Primitive {
    public Permute {
        axes = List.copyOf(axes);
    }

    public static Permute of(Integer... axes) {
        return new Permute(List.of(axes));
    }

    @Override
    public List<Type> types(List<Type> in) {
        if (in.getFirst().rank() != axes.size()) {
            throw new IllegalArgumentException("needs " + axes.size() + " axes");
        }
        return List.of(Type.real(axes.stream().map(in.getFirst()::dim).toList()));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(
                Dense.permute(in.getFirst(), axes.stream().mapToInt(i -> i).toArray()));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long[] at = new long[index.length];
        for (int i = 0; i < at.length; i++) {
            at[axes.get(i)] = index[i];
        }
        return Derivation.move(0, at);
    }

    @Override
    public GradientRule gradient() {
        Integer[] back = new Integer[axes.size()];
        for (int i = 0; i < back.length; i++) {
            back[axes.get(i)] = i;
        }
        return GradientRule.ofFirst((g, n, dy) -> g.add(of(back), dy));
    }
}
