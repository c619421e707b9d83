package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** One row per sequence as its first row, the others 0: {@code [sequence, width]} to {@code [position, width]}. The gradient of {@link First}. */
public record PutFirst(Dim rows) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        List<Dim> dims = new ArrayList<>(in.getFirst().dims());
        dims.set(0, rows);
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor y = Tensor.zeros(node.out().getFirst().shape(binding));
        Tensor x = in.getFirst().widen();
        MemorySegment.copy(x.data(), 0, y.data(), 0, x.byteSize());
        return List.of(y);
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return index[0] == 0
                ? Derivation.move(0, index)
                : Derivation.sum("only the first row was read", "0", List.of());
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(new First(), dy));
    }
}
