package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * One step of long short-term memory with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000), gates in PyTorch's order. Inputs:
 * state and memory cell of the row before {@code [row, width]}, what the row says to the gates {@code [row, 4 width]} (in, forget,
 * candidate, out), recurrent weight {@code [4 width, width]}. Outputs: new state, new cell, what enters the gates, then the gates.
 */
public record LstmCell() implements Composite {
    @Override
    public String name() {
        return "LSTM cell";
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        int width = in.getFirst().type().size(-1);
        Value pre = g.add(Binary.ADD, in.get(2), g.add(Ein.linear(), in.get(0), in.get(3)));
        Value enter = g.add(Unary.SIGMOID, g.add(new Slice(0, width), pre));
        Value forget = g.add(Unary.SIGMOID, g.add(new Slice(width, 2 * width), pre));
        Value candidate = g.add(Unary.TANH, g.add(new Slice(2 * width, 3 * width), pre));
        Value leave = g.add(Unary.SIGMOID, g.add(new Slice(3 * width, 4 * width), pre));
        Value cell =
                g.add(Binary.ADD, g.add(Binary.MULTIPLY, forget, in.get(1)), g.add(Binary.MULTIPLY, enter, candidate));
        Value state = g.add(Binary.MULTIPLY, leave, g.add(Unary.TANH, cell));
        return List.of(state, cell, pre, enter, forget, candidate, leave);
    }
}
