package dev.cutaway.graph.op;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.ArrayList;
import java.util.List;

/** What broadcasting becomes on the way back: sums over the axes along which a value was repeated. */
final class Sums {
    private Sums() {}

    /** Sums {@code v} over its additional leading axes and over those that {@code t} has as 1; the result is of type {@code t}. */
    static Value to(GraphBuilder g, Value v, Type t) {
        Value x = v;
        while (x.type().rank() > t.rank()) {
            x = over(g, x, 0);
        }
        for (int i = 0; i < t.rank(); i++) {
            if (t.dim(i).one() && !x.type().dim(i).one()) {
                x = keeping(g, x, i);
            }
        }
        return x;
    }

    /** The sum over an axis, which goes. */
    static Value over(GraphBuilder g, Value x, int axis) {
        return g.add(Reduce.sum(axis, x.type().dim(axis).label()), x);
    }

    /** The sum over an axis, which stays as 1, so that it broadcasts back. */
    static Value keeping(GraphBuilder g, Value x, int axis) {
        List<Dim> dims = new ArrayList<>(x.type().dims());
        int a = axis < 0 ? dims.size() + axis : axis;
        dims.add(a + 1, Dim.of("one", 1));
        return over(g, g.add(new Reshape(dims), x), a);
    }
}
