package dev.cutaway.graph;

import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * A graph with its way back in which some blocks are computed twice: backward nodes of such a block read copies of its forward nodes, made from
 * what entered the block, so that nothing else of the block needs to be kept in between. Source: Chen et al., arXiv 1604.06174.
 */
final class Recomputation {
    private final GraphBuilder g = new GraphBuilder();
    private final Map<Value, Value> places;
    private final Graph from;
    private final int forward;
    private final IntPredicate blocks;
    private final Map<Value, Value> again = new HashMap<>();

    private Recomputation(Graph from, int forward, IntPredicate blocks, Map<Value, Value> places) {
        this.from = from;
        this.forward = forward;
        this.blocks = blocks;
        this.places = places;
    }

    /**
     * Copies a graph.
     *
     * @param forward nodes up to this one, in order, are forward
     * @param blocks which blocks are computed again
     * @param places where values went; those that are computed again: the first ones
     */
    static Graph of(Graph from, int forward, IntPredicate blocks, Map<Value, Value> places) {
        return new Recomputation(from, forward, blocks, places).copy();
    }

    private Graph copy() {
        for (Node n : from.nodes()) {
            g.block(n.block());
            boolean back = n.id() > forward && blocks.test(n.block());
            List<Value> in = new ArrayList<>();
            for (Value v : n.in()) {
                in.add(back ? again(v, n.block()) : place(v));
            }
            put(n, in, places);
        }
        from.names().forEach((name, v) -> g.name(name, place(v)));
        return g.build(from.blockInputs().stream().map(this::place).toList());
    }

    private Value place(Value v) {
        return java.util.Objects.requireNonNull(places.get(v));
    }

    private void put(Node n, List<Value> in, Map<Value, Value> to) {
        Node copy = g.addAll(n.op(), in, n.scope());
        for (int i = 0; i < n.out().size(); i++) {
            to.put(n.value(i), copy.value(i));
        }
    }

    /** A value as a backward node of a block reads it. */
    private Value again(Value v, int block) {
        Node n = v.node();
        boolean given = n.op() instanceof Parameter || n.op() instanceof Input;
        if (given
                || n.id() > forward
                || n.block() != block
                || from.blockInputs().contains(v)) {
            return place(v);
        }
        Value known = again.get(v);
        if (known != null) {
            return known;
        }
        List<Value> in = new ArrayList<>();
        for (Value x : n.in()) {
            in.add(again(x, block));
        }
        put(n, in, again);
        return java.util.Objects.requireNonNull(again.get(v));
    }
}
