package dev.cutaway.graph;

import dev.cutaway.graph.op.Input;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Builds a {@link Graph}. Building runs no numbers and reads no weights. */
public final class GraphBuilder {
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> names = new LinkedHashMap<>();
    private final List<Value> blockInputs = new ArrayList<>();
    private final Map<String, Value> inputs = new HashMap<>();
    private int block = -1;
    private @Nullable String scope = "";

    /** An empty graph. */
    public GraphBuilder() {}

    /** A builder that goes on where a graph ends; nodes and values of the graph are those of the result. */
    public static GraphBuilder extending(Graph graph) {
        GraphBuilder g = new GraphBuilder();
        g.nodes.addAll(graph.nodes());
        g.names.putAll(graph.names());
        g.blockInputs.addAll(graph.blockInputs());
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Input i) {
                g.inputs.put(i.input(), n.value(0));
            }
        }
        g.block = g.blockInputs.isEmpty() ? -1 : g.blockInputs.size();
        return g;
    }

    /** The value of a named input of the step ({@code tokens}, {@code position} ...), made on first use. */
    public Value input(String name, Type type) {
        Value known = inputs.get(name);
        if (known == null) {
            known = add(new Input(name, type));
            inputs.put(name, known);
        }
        return known;
    }

    /** Applies an operation with one output. */
    public Value add(Op op, Value... in) {
        return addAll(op, List.of(in), "").value(0);
    }

    /** Applies an operation whose expansion names its inner values below {@code scope} ({@code blocks.3.ln1.}). */
    public Value addScoped(String scope, Op op, Value... in) {
        return addAll(op, List.of(in), scope).value(0);
    }

    /** Applies an operation with any number of outputs. */
    public Node addAll(Op op, List<Value> in, String scope) {
        List<Type> types = new ArrayList<>(in.size());
        for (Value v : in) {
            types.add(v.type());
        }
        List<Type> out;
        try {
            out = op.types(types);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    (scope.isEmpty() ? "" : scope + " ") + op.name() + " of " + types + ": " + e.getMessage(), e);
        }
        Node n = new Node(nodes.size(), op, in, out, block, scope);
        nodes.add(n);
        return n;
    }

    /**
     * Names a value. Inside an expansion the name is relative to the opened node's scope, and ignored if that has none.
     *
     * @return the value, for chaining
     */
    public Value name(String name, Value v) {
        if (scope == null) {
            return v;
        }
        if (names.putIfAbsent(scope + name, v) != null) {
            throw new IllegalArgumentException("two values are named '" + scope + name + "'");
        }
        return v;
    }

    /** Begins the next block: {@code residual} is what enters it, and what a recording keeps. */
    public void beginBlock(Value residual) {
        block = blockInputs.size();
        blockInputs.add(residual);
    }

    /** Ends the last block: what follows belongs to no block. */
    public void endBlocks() {
        block = blockInputs.size();
    }

    /** Ends a stack's last block where another stack follows: what comes next belongs to no block. */
    public void endStack() {
        block = -1;
    }

    /** The block being built; -1 outside. */
    public int block() {
        return block;
    }

    /** Says to which block the next nodes belong. */
    void block(int b) {
        block = b;
    }

    public Graph build() {
        return new Graph(nodes, names, blockInputs);
    }

    /** The graph, of which others have said what enters its blocks. */
    Graph build(List<Value> enters) {
        return new Graph(nodes, names, enters);
    }

    /** Output types of a composite, found by expanding it over placeholders. */
    static List<Type> expansionTypes(Composite op, List<Type> in) {
        GraphBuilder g = new GraphBuilder();
        g.scope = null;
        List<Value> placeholders = new ArrayList<>();
        for (int i = 0; i < in.size(); i++) {
            placeholders.add(g.add(new Input("in" + i, in.get(i))));
        }
        return op.expand(g, placeholders).stream().map(Value::type).toList();
    }

    /**
     * An expansion within a graph whose names were not given.
     *
     * @param nodes what it appended
     * @param results one value per output
     * @param names what it would have named
     */
    record Unnamed(List<Node> nodes, List<Value> results, Map<String, Value> names) {}

    /** Appends an expansion; its names are told, not given. */
    Unnamed expandUnnamed(Composite op, List<Value> in) {
        Map<String, Value> mine = new LinkedHashMap<>(names);
        String myScope = scope;
        names.clear();
        scope = "";
        int first = nodes.size();
        List<Value> results = op.expand(this, in);
        Unnamed u = new Unnamed(List.copyOf(nodes.subList(first, nodes.size())), results, new LinkedHashMap<>(names));
        names.clear();
        names.putAll(mine);
        scope = myScope;
        return u;
    }

    /** What a node computes: the same operation on the same values. */
    private record Computation(Op op, List<Value> in) {}

    /** Copies a graph with every composite replaced by its expansion, down to primitives. */
    static Graph open(Graph g, Map<Value, Value> opened) {
        return open(g, opened, (c, in) -> false);
    }

    /** The same, but for composites that are to stay closed. */
    static Graph open(Graph g, Map<Value, Value> opened, BiPredicate<Composite, List<Value>> closed) {
        GraphBuilder b = new GraphBuilder();
        // Hashing every node takes time that only graphs with gradients need to spend.
        boolean shares = g.nodes().stream().anyMatch(n -> n.op() instanceof Composite c && c.recomputes());
        Map<Computation, Node> known = shares ? new HashMap<>() : Map.of();
        for (Node n : g.nodes()) {
            b.block = n.block();
            b.copyOpened(n, opened, known, shares, false, closed);
        }
        b.scope = "";
        g.names().forEach((name, v) -> b.names.putIfAbsent(name, opened.get(v)));
        g.blockInputs().forEach(v -> b.blockInputs.add(opened.get(v)));
        return b.build();
    }

    private void copyOpened(
            Node n,
            Map<Value, Value> opened,
            Map<Computation, Node> known,
            boolean shares,
            boolean recomputed,
            BiPredicate<Composite, List<Value>> closed) {
        List<Value> in = n.in().stream().map(opened::get).toList();
        if (n.op() instanceof Composite c && closed.test(c, in)) {
            Node copy = addAll(c, in, n.scope());
            for (int i = 0; i < n.out().size(); i++) {
                opened.put(n.value(i), copy.value(i));
            }
            return;
        }
        switch (n.op()) {
            case Primitive p -> {
                Node copy =
                        shares ? copy(new Computation(p, in), n.scope(), known, recomputed) : addAll(p, in, n.scope());
                for (int i = 0; i < n.out().size(); i++) {
                    opened.put(n.value(i), copy.value(i));
                }
            }
            case Composite c -> {
                GraphBuilder inner = new GraphBuilder();
                inner.scope = n.scope().isEmpty() ? null : n.scope();
                List<Value> placeholders = new ArrayList<>();
                for (int i = 0; i < in.size(); i++) {
                    placeholders.add(inner.add(new Input("in" + i, in.get(i).type())));
                }
                List<Value> results = c.expand(inner, placeholders);
                Map<Value, Value> map = new HashMap<>();
                for (int i = 0; i < in.size(); i++) {
                    map.put(placeholders.get(i), in.get(i));
                }
                for (Node m : inner.nodes.subList(in.size(), inner.nodes.size())) {
                    copyOpened(m, map, known, shares, recomputed || c.recomputes(), closed);
                }
                inner.names.forEach((name, v) -> names.put(name, map.get(v)));
                for (int i = 0; i < results.size(); i++) {
                    opened.put(n.value(i), map.get(results.get(i)));
                }
            }
        }
    }

    private Node copy(Computation c, String nodeScope, Map<Computation, Node> known, boolean recomputed) {
        Node same = recomputed ? known.get(c) : null;
        if (same != null) {
            return same;
        }
        Node made = addAll(c.op, c.in, nodeScope);
        known.putIfAbsent(c, made);
        return made;
    }
}
