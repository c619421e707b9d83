package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Long short-term memory over the rows of a sequence: {@link LstmCell} in a {@link Scan}. What the rows say to the gates is a product of its own, of
 * all rows at once; only the recurrent product goes row by row. Inputs: that {@code [row, 4 width]}, the recurrent weight
 * {@code [4 width, width]}, and the state and memory cell to go on from {@code [sequence, width]} if there are such. Outputs: state and
 * memory cell after each row, {@code [row, width]}.
 *
 * @param backwards whether it reads from the last row to the first
 */
public record Lstm(boolean backwards) implements Composite {
    @Override
    public String constants() {
        return backwards ? "backwards" : "";
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type w = in.get(1);
        boolean fits = x.rank() == 2 && w.rank() == 2 && w.size(0) == 4 * w.size(1) && x.size(1) == w.size(0);
        if (!fits || in.size() != 2 && in.size() != 4) {
            throw new IllegalArgumentException(
                    "takes rows and a weight for four gates, and a state and a cell or none");
        }
        Type out = Type.real(x.dim(0), Dim.of("width", w.size(1)));
        return List.of(out, out);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Dim width = Dim.of("width", in.get(1).type().size(1));
        Value begin = in.size() > 2 ? in.get(2) : g.add(new Filled(0, List.of(Dim.of(Space.SEQUENCES), width)));
        Value cell = in.size() > 2 ? in.get(3) : begin;
        Node n = g.addAll(new Scan(new LstmCell(), 2, 1, backwards), List.of(begin, cell, in.get(0), in.get(1)), "");
        List<String> names = List.of("state", "cell", "gates_pre", "in_gate", "forget_gate", "candidate", "out_gate");
        for (int i = 0; i < names.size(); i++) {
            g.name("hook_" + names.get(i), n.value(i));
        }
        return List.of(n.value(0), n.value(1));
    }
}
