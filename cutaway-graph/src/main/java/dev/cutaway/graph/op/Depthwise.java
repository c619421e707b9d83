package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * A convolution of each channel by itself, as large afterwards as before (ConvNeXt, arXiv 2201.03545): {@code y[r, c] = sum over what lies
 * around r of x[n, c] w[c, n]}, beyond the edge 0. Inputs: rows {@code [row, channel]}, weight {@code [channel, size * size]}, bias
 * {@code [channel]}.
 */
public record Depthwise(Picking.Around around) implements Composite {
    @Override
    public String constants() {
        return around.words();
    }

    /** Numbers of a channel's kernel. */
    public int places() {
        return around.size() * around.size();
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type x = in.get(0);
        Type w = in.get(1);
        if (x.rank() != 2 || w.rank() != 2 || !w.dim(0).same(x.dim(1)) || w.size(1) != places()) {
            throw new IllegalArgumentException("takes rows, and a kernel for each channel");
        }
        return List.of(x);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        List<Dim> row = List.of(in.get(0).type().dim(0));
        Dim place = Dim.of("place", places());
        Value near = g.add(new Pick(around, row, List.of(row.getFirst(), place)), in.get(0));
        Ein sum = new Ein("rnc,cn->rc", "place", "what is there times weight", "\\sum_{n} x_{n}\\,w_{n}");
        return List.of(g.add(Binary.ADD, g.add(sum, near, in.get(1)), in.get(2)));
    }
}
