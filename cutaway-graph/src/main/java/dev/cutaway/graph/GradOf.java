package dev.cutaway.graph;

import dev.cutaway.graph.op.Filled;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The gradient of a composite. Inputs: those of the composite, then one gradient per output; outputs: one gradient per real
 * input, in order. Its definition is the gradient of the composite's expansion, which is computed again from the inputs; a plan may run
 * it by one fused kernel, held to this. Gradients of values that the composite's expansion names are named alike, below this node's
 * scope ({@code grad.blocks.3.attn.hook_pattern}).
 *
 * @param of whose gradient
 * @param inputs how many inputs that one has
 */
public record GradOf(Composite of, int inputs) implements Composite {
    @Override
    public String name() {
        return "gradient of " + of.name();
    }

    @Override
    public String constants() {
        return of.constants();
    }

    @Override
    public boolean recomputes() {
        return true;
    }

    @Override
    public List<Type> types(List<Type> in) {
        List<Type> forward = in.subList(0, inputs);
        List<Type> outputs = of.types(forward);
        if (in.size() != inputs + outputs.size()) {
            throw new IllegalArgumentException("takes " + inputs + " inputs and " + outputs.size() + " gradients");
        }
        return forward.stream().filter(t -> !t.integer()).toList();
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        GraphBuilder.Unnamed forward = g.expandUnnamed(of, in.subList(0, inputs));
        Map<Value, Value> seeds = new HashMap<>();
        for (int i = 0; i < forward.results().size(); i++) {
            seeds.merge(
                    forward.results().get(i),
                    in.get(inputs + i),
                    (a, b) -> g.add(dev.cutaway.graph.op.Binary.ADD, a, b));
        }
        Map<Value, Value> gradients =
                Gradients.backward(g, forward.nodes(), seeds, v -> !v.type().integer());
        forward.names().forEach((name, v) -> {
            Value d = gradients.get(v);
            if (d != null) {
                g.name(name, d);
            }
        });
        List<Value> out = new ArrayList<>();
        for (Value v : in.subList(0, inputs)) {
            if (!v.type().integer()) {
                Value d = gradients.get(v);
                out.add(d != null ? d : g.add(Filled.zeros(v.type())));
            }
        }
        return out;
    }
}
