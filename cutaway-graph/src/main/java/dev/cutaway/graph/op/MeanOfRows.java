package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * The mean of an image's rows: {@code [row, width]} to {@code [sequence, width]}.
 *
 * @param rows how many there are
 */
public record MeanOfRows(int rows) implements Composite {
    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.real(Dim.of(Space.SEQUENCES), in.getFirst().dim(1)));
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Dim one = Dim.of(Space.SEQUENCES);
        List<Dim> from = List.of(in.getFirst().type().dim(0));
        Value all = g.add(new Pick(new Picking.All(rows), from, List.of(one, Dim.of("row", rows))), in.getFirst());
        Value sum = g.add(Reduce.sum(1, "row"), all);
        return List.of(g.add(Constant.scale(1.0 / rows), sum));
    }
}
