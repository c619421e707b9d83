package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Attention within square windows of an image, shifted or not, with a learned bias by relative place (Swin, arXiv 2103.14030). Inputs:
 * queries, keys and values of a grid's rows {@code [row, head, head size]}, the bias's table {@code [place, head]}. Output: mixed values
 * of the top left part of the grid, {@code [row, head, head size]}; the rest was padding.
 *
 * @param scale what scores are multiplied by
 * @param windows the windows of the grid
 * @param height of the part that is no padding
 * @param width of the part that is no padding
 * @param rows the axis of that part's rows
 */
public record WindowAttention(double scale, Picking.Windows windows, int height, int width, Dim rows)
        implements Composite {
    @Override
    public String constants() {
        return "scale " + Numbers.plain(scale) + ", " + windows.words();
    }

    /** Places of a window. */
    public int places() {
        return windows.size() * windows.size();
    }

    /** Windows of an image. */
    public int count() {
        return windows.height() / windows.size() * (windows.width() / windows.size());
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type q = in.get(0);
        if (q.rank() != 3 || !q.dim(1).same(in.get(3).dim(1))) {
            throw new IllegalArgumentException("takes queries, keys and values by head, and a bias for each head");
        }
        return List.of(Type.real(rows, q.dim(1), in.get(2).dim(2)));
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Dim window = Dim.of(new Space("window", count()));
        Dim query = Dim.of("query", places());
        Dim key = Dim.of("key", places());
        List<Dim> grid = List.of(in.get(0).type().dim(0));
        Value q = g.add(new Pick(windows, grid, List.of(window, query)), in.get(0));
        Value k = g.add(new Pick(windows, grid, List.of(window, key)), in.get(1));
        Value v = g.add(new Pick(windows, grid, List.of(window, key)), in.get(2));
        Value scores =
                g.add(new Ein("wqhd,wkhd->whqk", "component", "query times key", "\\sum_{d} q_{d}\\,k_{d}"), q, k);
        scores = g.add(Binary.ADD, g.add(Constant.scale(scale), scores), bias(g, in.get(3), query, key));
        if (windows.shift() > 0) {
            scores = g.add(
                    Binary.ADD, scores, g.add(new WindowMask(windows, List.of(window, Dim.of("one", 1), query, key))));
        }
        g.name("hook_attn_scores", scores);
        Value pattern = g.name("hook_pattern", g.add(new Softmax(), scores));
        Value mixed = g.add(
                new Ein("whqk,wkhd->wqhd", "key", "attention weight times value", "\\sum_{k} p_{k}\\,v_{k}"),
                pattern,
                v);
        Value z = g.add(
                new Pick(new Picking.Unwindowed(windows, height, width), List.of(window, query), List.of(rows)), mixed);
        return List.of(g.name("hook_z", z));
    }

    private Value bias(GraphBuilder g, Value table, Dim query, Dim key) {
        Picking relative = new Picking.Relative(windows.size());
        Value by = g.add(new Pick(relative, List.of(table.type().dim(0)), List.of(query, key)), table);
        return g.name("hook_rel_pos_bias", g.add(Permute.of(2, 0, 1), by));
    }
}
