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

/**
 * State: the last row that earlier steps left in a {@link Cache}, {@code [sequence, width]}; zeros where there was none. What a recurrence goes on
 * from. The cache keeps the row of every position, so a sequence can be cut or gone back in like any other.
 *
 * @param state the cache's state
 * @param width elements of a row
 */
public record Carried(String state, int width) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.real(Dim.of(Space.SEQUENCES), Dim.of("width", width)));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        if (binding.size(Dim.of(Space.ROWS)) != binding.size(Dim.of(Space.KEYS))) {
            throw new IllegalStateException("state '" + state + "' has a past that was not given");
        }
        return List.of(Tensor.zeros(1, width));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.given("what the sequence begins with");
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE; // training holds whole sequences: there is no past
    }
}
