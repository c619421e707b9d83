package dev.cutaway.graph;

import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.SoftCap;
import dev.cutaway.graph.op.Unary;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A graph in which only a sequence's first row is computed where nothing else is read: {@link First} is moved towards the inputs, past whatever
 * treats each row by itself. A classifier reads its class token only, so of the last block only keys and values are needed of the other
 * rows. Every number that is still computed is what it was.
 */
public final class FirstRows {
    private final GraphBuilder g = new GraphBuilder();
    private final Set<Value> whole = new HashSet<>();
    private final Set<Value> first = new HashSet<>();
    private final Map<Value, Value> copies = new HashMap<>();
    private final Map<Value, Value> firsts = new HashMap<>();

    private FirstRows() {}

    /**
     * The graph without what nobody reads. Names stay where they name what is computed whole.
     *
     * @param wanted values that are read from outside
     */
    public static Graph of(Graph graph, Collection<Value> wanted) {
        if (graph.nodes().stream().noneMatch(n -> n.op() instanceof First)) {
            return graph;
        }
        FirstRows r = new FirstRows();
        r.whole.addAll(wanted);
        r.whole.addAll(graph.blockInputs());
        graph.nodes().reversed().forEach(r::read);
        graph.nodes().forEach(r::copy);
        graph.names().forEach((name, v) -> r.copied(v).ifPresent(c -> r.g.name(name, c)));
        return r.g.build(
                graph.blockInputs().stream().map(v -> r.copied(v).orElseThrow()).toList());
    }

    private Optional<Value> copied(Value v) {
        return Optional.ofNullable(copies.get(v));
    }

    /** Notes how much of its inputs a node reads. */
    private void read(Node n) {
        boolean all = false;
        boolean some = false;
        for (int i = 0; i < n.out().size(); i++) {
            all |= whole.contains(n.value(i));
            some |= first.contains(n.value(i));
        }
        boolean reduces = n.op() instanceof First || byRow(n);
        for (int i = 0; i < n.in().size(); i++) {
            Value v = n.in().get(i);
            boolean byFirst = reduces && follows(n, i) && (n.op() instanceof First || !all);
            if (all || some) {
                (byFirst ? first : whole).add(v);
            }
        }
    }

    /** Whether the first row of the output needs only the first row of this input. */
    private static boolean follows(Node n, int input) {
        Type t = n.in().get(input).type();
        boolean rows = !t.integer() && t.rank() > 0 && t.dim(0) instanceof Dim.Rows;
        return rows && (input == 0 || n.op() instanceof Binary || n.op() instanceof Gate);
    }

    /** Whether a node's rows are computed each from the same row of its input, or of the first one beside what all rows share. */
    private static boolean byRow(Node n) {
        Type y = n.out().getFirst();
        if (y.rank() == 0 || !(y.dim(0) instanceof Dim.Rows) || y.integer()) {
            return false;
        }
        return switch (n.op()) {
            case Linear l -> true;
            case HeadsOut h -> true;
            case LayerNorm l -> true;
            case RmsNorm r -> true;
            case Unary u -> true;
            case Constant c -> true;
            case SoftCap s -> true;
            case Dropout d -> true;
            case Gate u -> n.in().stream().allMatch(v -> alike(y, v.type()));
            case Binary b -> n.in().stream().allMatch(v -> alike(y, v.type()) || shared(v.type()));
            case Reshape r -> alike(y, n.in().getFirst().type());
            case Attention a -> !a.causal() && a.window() == 0 && n.in().size() == 5;
            default -> false;
        };
    }

    private static boolean alike(Type y, Type x) {
        return x.rank() > 0 && x.dim(0).same(y.dim(0));
    }

    /** Whether something has no rows, so that broadcasting gives it to each. */
    private static boolean shared(Type x) {
        return x.dims().stream().noneMatch(d -> d instanceof Dim.Rows);
    }

    private void copy(Node n) {
        boolean all = false;
        boolean some = false;
        for (int i = 0; i < n.out().size(); i++) {
            all |= whole.contains(n.value(i));
            some |= first.contains(n.value(i));
        }
        g.block(n.block());
        if (n.op() instanceof First) {
            if (all || some) {
                copies.put(n.value(0), firstOf(n.in().getFirst()));
            }
        } else if (all || some && !byRow(n)) {
            List<Value> in = n.in().stream().map(this::wholeOf).toList();
            if (n.op() instanceof Input i) {
                copies.put(n.value(0), g.input(i.input(), i.type()));
                return;
            }
            Node made = g.addAll(n.op(), in, n.scope());
            for (int i = 0; i < n.out().size(); i++) {
                copies.put(n.value(i), made.value(i));
            }
        } else if (some) {
            List<Value> in = new ArrayList<>();
            for (int i = 0; i < n.in().size(); i++) {
                Value v = n.in().get(i);
                in.add(follows(n, i) ? firstOf(v) : wholeOf(v));
            }
            firsts.put(n.value(0), g.addAll(ofFirst(n.op()), in, "").value(0));
        }
    }

    private static Op ofFirst(Op op) {
        if (op instanceof Reshape(List<Dim> dims)) {
            List<Dim> to = new ArrayList<>(dims);
            to.set(0, Dim.of(Space.SEQUENCES));
            return new Reshape(to);
        }
        return op;
    }

    private Value wholeOf(Value v) {
        return Objects.requireNonNull(copies.get(v));
    }

    private Value firstOf(Value v) {
        return firsts.computeIfAbsent(v, k -> g.add(new First(), wholeOf(k)));
    }
}
