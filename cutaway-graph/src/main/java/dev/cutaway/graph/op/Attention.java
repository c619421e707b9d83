package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Scaled dot-product attention of one segment. Source: Vaswani et al., arXiv 1706.03762, section 3.2.1; groups of query heads
 * may share one key and value head (arXiv 2305.13245). Inputs: queries {@code [row, head, head size]}, keys and values
 * {@code [key, key head, head size]}, positions of rows and of keys (integers), and a bias {@code [head, row, key]} if there
 * is one. Output: mixed values {@code [row, head, head size]}.
 *
 * @param scale what scores are multiplied by
 * @param causal whether later keys are hidden
 * @param window how many keys, its own included, a row sees at most; 0 for all
 * @param cap soft cap of the scores; 0 for none
 */
public record Attention(double scale, boolean causal, int window, double cap) implements Composite {
    @Override
    public String constants() {
        return "scale " + Numbers.plain(scale) + ", " + new Mask(causal, window).constants()
                + (cap > 0 ? ", cap " + Numbers.plain(cap) : "");
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type q = in.get(0);
        Type k = in.get(1);
        Type v = in.get(2);
        if (q.size(1) % k.size(1) != 0 || k.size(1) != v.size(1) || q.size(2) != k.size(2)) {
            throw new IllegalArgumentException("heads or head sizes do not fit");
        }
        return List.of(Type.real(q.dim(0), q.dim(1), v.dim(2)));
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Type q = in.get(0).type();
        Type k = in.get(1).type();
        Dim rows = q.dim(0);
        Dim keys = k.dim(0);
        Dim heads = q.dim(1);
        Dim shared = k.dim(1);
        Dim group = Dim.of("group", q.size(1) / k.size(1));
        Value grouped = g.add(Reshape.to(rows, shared, group, q.dim(2)), in.get(0));
        Value scores = g.add(
                new Ein("rkgd,skd->kgrs", "component", "query times key", "\\sum_{d} q_{d}\\,k_{d}"),
                grouped,
                in.get(1));
        scores = g.add(Reshape.to(heads, rows, keys), scores);
        if (scale != 1) {
            scores = g.add(Constant.scale(scale), scores);
        }
        if (in.size() > 5) {
            scores = g.add(Binary.ADD, scores, in.get(5));
        }
        if (cap > 0) {
            scores = g.add(new SoftCap(cap), scores);
        }
        if (causal || window > 0) {
            scores = g.add(new Mask(causal, window), scores, in.get(3), in.get(4));
        }
        g.name("hook_attn_scores", scores);
        Value pattern = g.name("hook_pattern", g.add(new Softmax(), scores));
        Value byGroup = g.add(Reshape.to(shared, group, rows, keys), pattern);
        Value mixed = g.add(
                new Ein("kgrs,skd->rkgd", "key", "attention weight times value", "\\sum_{k} p_{k}\\,v_{k}"),
                byGroup,
                in.get(2));
        return List.of(g.name(
                "hook_z", g.add(Reshape.to(rows, heads, in.get(2).type().dim(2)), mixed)));
    }
}
