package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/** A value given to the step from outside: token ids, positions, patches. */
public record Input(String input, Type type) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        return List.of(type);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        throw new IllegalStateException("input '" + input + "' was not given");
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.given("an input of the model");
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
