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
import java.util.ArrayList;
import java.util.List;

/**
 * State: the rows of earlier steps followed by the rows of this one. Keys and values pass through it on their way to
 * attention; in a step that holds a whole sequence the past is empty.
 *
 * @param state the state's name ({@code blocks.3.attn.k})
 * @param to the space of the result: past and present rows
 */
public record Cache(String state, Space to) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        List<Dim> dims = new ArrayList<>(in.getFirst().dims());
        dims.set(0, Dim.of(to));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        if (in.getFirst().dim(0) != binding.size(Dim.of(to))) {
            throw new IllegalStateException("state '" + state + "' has a past that was not given");
        }
        return List.of(in.getFirst());
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.move(0, index);
    }

    @Override
    public GradientRule gradient() {
        // Training holds whole sequences: the past is empty, so the keys' rows are the rows themselves.
        return GradientRule.ofFirst(
                (g, n, dy) -> g.add(new Reshape(n.in().getFirst().type().dims()), dy));
    }
}
