package dev.cutaway.graph;

import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.Gather;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A graph in which only those rows are computed that somebody reads: what chooses rows, {@link First} or a {@link Gather} of
 * {@link Space#COUNTED} rows, is moved towards the inputs, past whatever treats each row by itself. A classifier reads its class token
 * only and a model of hidden words the hidden ones, so of the last block only keys and values are needed of the other rows. Every number
 * that is still computed is what it was.
 */
public final class ReadRows {
    private final GraphBuilder g = new GraphBuilder();
    private final Set<Value> whole = new HashSet<>();
    private final Map<Value, Set<Choice>> some = new HashMap<>();
    private final Map<Value, Value> copies = new HashMap<>();
    private final Map<Chosen, Value> chosen = new HashMap<>();

    /**
     * Which rows: of each sequence the first, or those of these numbers.
     *
     * @param numbers the input of integers {@code [counted]}; empty for the first
     */
    private record Choice(Optional<Input> numbers) {
        static Optional<Choice> of(Node n) {
            if (n.op() instanceof First) {
                return Optional.of(new Choice(Optional.empty()));
            }
            boolean counted = n.op() instanceof Gather
                    && n.in().get(1).node().op() instanceof Input i
                    && rowsOf(i.type()).filter(Space.COUNTED::equals).isPresent()
                    && rowsOf(n.in().getFirst().type()).isPresent();
            return counted
                    ? Optional.of(
                            new Choice(Optional.of((Input) n.in().get(1).node().op())))
                    : Optional.empty();
        }

        Space space() {
            return numbers.isPresent() ? Space.COUNTED : Space.SEQUENCES;
        }
    }

    /** Chosen rows of a value of the graph that is copied. */
    private record Chosen(Value of, Choice rows) {}

    private ReadRows() {}

    /**
     * The graph without what nobody reads. Names stay where they name what is computed whole.
     *
     * @param wanted values that are read from outside
     */
    public static Graph of(Graph graph, Collection<Value> wanted) {
        if (graph.nodes().stream().allMatch(n -> Choice.of(n).isEmpty())) {
            return graph;
        }
        ReadRows r = new ReadRows();
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

    private static Optional<Space> rowsOf(Type t) {
        return t.rank() > 0 && t.dim(0) instanceof Dim.Rows(Space s) ? Optional.of(s) : Optional.empty();
    }

    private boolean isWhole(Node n) {
        for (int i = 0; i < n.out().size(); i++) {
            if (whole.contains(n.value(i))) {
                return true;
            }
        }
        return false;
    }

    private Set<Choice> choices(Node n) {
        Set<Choice> all = new LinkedHashSet<>();
        for (int i = 0; i < n.out().size(); i++) {
            all.addAll(some.getOrDefault(n.value(i), Set.of()));
        }
        return all;
    }

    /** Notes how much of its inputs a node reads. */
    private void read(Node n) {
        boolean all = isWhole(n);
        Set<Choice> choices = choices(n);
        Optional<Choice> own = Choice.of(n);
        if (!all && choices.isEmpty()) {
            return;
        }
        for (int i = 0; i < n.in().size(); i++) {
            Value v = n.in().get(i);
            boolean follows = follows(n, i);
            if (own.isPresent() && i == 0) {
                some.computeIfAbsent(v, k -> new LinkedHashSet<>()).add(own.get());
            } else if (all || !follows || !choices.stream().allMatch(c -> byRow(n, c))) {
                whole.add(v);
            } else {
                some.computeIfAbsent(v, k -> new LinkedHashSet<>()).addAll(choices);
            }
        }
    }

    /** Whether a row of the output needs only the same row of this input. */
    private static boolean follows(Node n, int input) {
        Type t = n.in().get(input).type();
        boolean rows = !t.integer() && rowsOf(t).isPresent();
        return rows && (input == 0 || n.op() instanceof Binary || n.op() instanceof Gate);
    }

    /** Whether a node's rows are computed each from the same row of its input, beside what all rows share. */
    private static boolean byRow(Node n, Choice rows) {
        Type y = n.out().getFirst();
        if (rowsOf(y).isEmpty() || y.integer()) {
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
            case Dropout d -> rows.numbers.isEmpty(); // what is dropped depends on the number of the row
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
        Set<Choice> choices = choices(n);
        boolean all = isWhole(n);
        if (!all && choices.isEmpty()) {
            return;
        }
        g.block(n.block());
        Optional<Choice> own = Choice.of(n);
        if (own.isPresent()) {
            copies.put(n.value(0), rows(n.in().getFirst(), own.get()));
        } else if (n.op() instanceof Input i) {
            copies.put(n.value(0), g.input(i.input(), i.type()));
        } else if (all || !choices.stream().allMatch(c -> byRow(n, c))) {
            Node made = g.addAll(n.op(), n.in().stream().map(this::wholeOf).toList(), n.scope());
            for (int i = 0; i < n.out().size(); i++) {
                copies.put(n.value(i), made.value(i));
            }
        } else {
            choices.forEach(c -> chosen.put(new Chosen(n.value(0), c), ofRows(n, c)));
        }
    }

    private Value ofRows(Node n, Choice rows) {
        List<Value> in = new ArrayList<>();
        for (int i = 0; i < n.in().size(); i++) {
            Value v = n.in().get(i);
            in.add(follows(n, i) ? rows(v, rows) : wholeOf(v));
        }
        Op op = n.op();
        if (op instanceof Reshape(List<Dim> dims)) {
            List<Dim> to = new ArrayList<>(dims);
            to.set(0, Dim.of(rows.space()));
            op = new Reshape(to);
        }
        return g.addAll(op, in, "").value(0);
    }

    private Value wholeOf(Value v) {
        return Objects.requireNonNull(copies.get(v));
    }

    private Value rows(Value v, Choice rows) {
        return chosen.computeIfAbsent(
                new Chosen(v, rows),
                k -> rows.numbers
                        .map(i -> g.add(new Gather(), wholeOf(v), g.input(i.input(), i.type())))
                        .orElseGet(() -> g.add(new First(), wholeOf(v))));
    }
}
