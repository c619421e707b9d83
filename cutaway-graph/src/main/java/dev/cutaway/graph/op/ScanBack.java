package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * What happens at a row on the way back through a {@link Scan}: to the gradients of the row's outputs comes what the next row says of the
 * states, and the body's gradient makes of them what the row before is told. Inputs: that, one for each state; the gradients of the outputs; the
 * states that the row saw; its inputs; the weights. Outputs: the gradients of the states that the row saw.
 *
 * @param body the forward scan's body
 * @param states how many states it has
 * @param outputs how many outputs
 */
public record ScanBack(Composite body, int states, int outputs) implements Composite {
    @Override
    public String name() {
        return "gradient of " + body.name();
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        List<Value> given = new ArrayList<>(in.subList(states + outputs, in.size()));
        int forward = given.size();
        for (int o = 0; o < outputs; o++) {
            Value dy = in.get(states + o);
            given.add(o < states ? g.add(Binary.ADD, dy, in.get(o)) : dy);
        }
        Node back = g.addAll(new GradOf(body, forward), given, "");
        List<Value> out = new ArrayList<>();
        for (int s = 0; s < states; s++) {
            out.add(back.value(s));
        }
        return out;
    }
}
