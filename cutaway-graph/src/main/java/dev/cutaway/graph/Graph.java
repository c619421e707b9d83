package dev.cutaway.graph;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A model as a graph: nodes in order, public names of values, and where blocks begin. Immutable: whoever opens a composite or
 * replaces a value works on a graph or overlay of its own. Describe, run, look and train all read this one object.
 */
public final class Graph {
    private final List<Node> nodes;
    private final Map<String, Value> names;
    private final List<Value> blockInputs;
    private final Map<Value, Value> toOpened = new HashMap<>();
    private @Nullable Graph opened;

    Graph(List<Node> nodes, Map<String, Value> names, List<Value> blockInputs) {
        this.nodes = List.copyOf(nodes);
        this.names = Collections.unmodifiableMap(new LinkedHashMap<>(names));
        this.blockInputs = List.copyOf(blockInputs);
    }

    /** Nodes in order: every input comes before its use. */
    public List<Node> nodes() {
        return nodes;
    }

    /** Public names, in the order in which they were given. */
    public Map<String, Value> names() {
        return names;
    }

    /** The residual stream as it enters each block. */
    public List<Value> blockInputs() {
        return blockInputs;
    }

    public Optional<Value> named(String name) {
        return Optional.ofNullable(names.get(name));
    }

    /** The value of this name; fails if there is none. */
    public Value require(String name) {
        return named(name).orElseThrow(() -> new IllegalArgumentException("the graph has no value '" + name + "'"));
    }

    /** This graph with every composite replaced by its expansion; made once. Names inside expansions are names there. */
    public synchronized Graph opened() {
        Graph known = opened;
        if (known == null) {
            known = GraphBuilder.open(this, toOpened);
            opened = known;
        }
        return known;
    }

    /** Where a value of this graph went in {@link #opened()}. */
    public Value inOpened(Value v) {
        opened();
        return Objects.requireNonNull(toOpened.get(v), "the value belongs to another graph");
    }

    /**
     * A graph made from another one.
     *
     * @param graph the result
     * @param places where the values of the other graph went
     */
    public record Opened(Graph graph, Map<Value, Value> places) {}

    /** This graph with composites replaced by their expansions, but for those that are to stay closed. */
    public Opened openedUnless(BiPredicate<Composite, List<Value>> closed) {
        Map<Value, Value> places = new HashMap<>();
        return new Opened(GraphBuilder.open(this, places, closed), places);
    }

    /**
     * This graph with blocks whose values are computed again for the way back, instead of being kept.
     *
     * @param forward the last forward node
     * @param blocks which blocks
     */
    public Opened recomputing(Node forward, IntPredicate blocks) {
        Map<Value, Value> places = new HashMap<>();
        return new Opened(Recomputation.of(this, forward.id(), blocks, places), places);
    }
}
