package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * A bias of attention scores by relative position, as in T5 (arXiv 1910.10683, section 2.1). Inputs: table {@code [bucket,
 * head]}, positions of rows and of keys. Output {@code [head, row, key]}.
 */
public record RelativeBias(RelativeBuckets buckets) implements Composite {
    @Override
    public String constants() {
        return buckets.constants();
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value bucket = g.add(buckets, in.get(1), in.get(2));
        return List.of(g.add(Permute.of(2, 0, 1), g.add(new Gather(), in.get(0), bucket)));
    }
}
