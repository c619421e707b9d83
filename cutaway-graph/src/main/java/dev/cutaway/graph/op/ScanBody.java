package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Derivation.Element;
import dev.cutaway.graph.Derivation.Term;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The opened graph of a scan's body: its values at one row, and where one of them comes from. */
final class ScanBody {
    private static final Binding ONE = Binding.rows(1, 1);

    private final Scan scan;
    private final Graph graph;
    private final List<Value> in = new ArrayList<>();
    private final List<Value> out = new ArrayList<>();

    private ScanBody(Scan scan, List<Type> types) {
        this.scan = scan;
        GraphBuilder g = new GraphBuilder();
        List<Value> given = new ArrayList<>();
        for (Type t : scan.bodyTypes(types)) {
            given.add(g.input("in" + given.size(), t));
        }
        List<Value> results = scan.body().expand(g, given);
        Graph built = g.build();
        graph = built.opened();
        given.forEach(v -> in.add(built.inOpened(v)));
        results.forEach(v -> out.add(built.inOpened(v)));
    }

    /** @param types of the scan's inputs */
    static ScanBody of(Scan scan, List<Type> types) {
        return new ScanBody(scan, types);
    }

    List<Tensor> eval(List<Tensor> given) {
        Map<Value, Tensor> known = new HashMap<>();
        for (int i = 0; i < in.size(); i++) {
            known.put(in.get(i), given.get(i));
        }
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Input) {
                continue;
            }
            List<Tensor> x = n.in().stream().map(known::get).toList();
            List<Tensor> y = ((Primitive) n.op()).eval(n, ONE, x);
            for (int i = 0; i < y.size(); i++) {
                known.put(n.value(i), y.get(i));
            }
        }
        return out.stream().map(v -> Objects.requireNonNull(known.get(v))).toList();
    }

    /** Multiply-adds of a row. */
    long macs() {
        return graph.nodes().stream()
                .mapToLong(n -> n.op() instanceof Primitive p
                        ? p.macs(n.in().stream().map(Value::type).toList(), ONE)
                        : 0)
                .sum();
    }

    // --------------------------------------------------------------------------------------- derivations

    /** An element of a value inside the body. */
    private record Place(Value value, long[] index) {}

    /**
     * Where an element of an output comes from: elements of the scan's inputs, and of its own outputs at this row (those that the body
     * makes it from) and at the row before (states).
     *
     * @param rows how many rows the scan has
     */
    Derivation derive(int output, long[] index, long rows) {
        long[] inside = index.clone();
        inside[0] = 0;
        Place top = new Place(out.get(output), inside);
        Derivation d = derive(top);
        if (d.kind() == Derivation.Kind.MOVE) {
            Place from = moved(inner(top, d.terms().getFirst().factors().getFirst()));
            Optional<Element> e = outside(from, index[0], rows);
            if (e.isPresent()) {
                return Derivation.move(e.get().input(), e.get().index());
            }
            top = from;
            d = derive(top);
        }
        List<Term> terms = new ArrayList<>();
        boolean sum = d.kind() == Derivation.Kind.SUM && multiply(top, d, 1, "", index[0], rows, terms);
        return sum ? Derivation.sum(d.words(), d.latex(), terms) : function(top, index[0], rows);
    }

    private static Derivation derive(Place p) {
        Node n = p.value.node();
        // Only shapes are asked for: inside a body nothing is looked up by number.
        List<Tensor> shapes =
                n.in().stream().map(v -> Tensor.zeros(v.type().shape(ONE))).toList();
        return ((Primitive) n.op()).derive(n, p.value.output(), p.index, ONE, shapes);
    }

    private static Place inner(Place p, Element e) {
        return new Place(p.value.node().in().get(e.input()), e.index());
    }

    /** Follows moves up to a value that is known outside, or that computes something. */
    private Place moved(Place p) {
        Place at = p;
        while (!out.contains(at.value) && !in.contains(at.value)) {
            Derivation d = derive(at);
            if (d.kind() != Derivation.Kind.MOVE) {
                return at;
            }
            at = inner(at, d.terms().getFirst().factors().getFirst());
        }
        return at;
    }

    /** The same element as the scan knows it; empty if it is an inner one. Own outputs are counted behind the inputs. */
    private Optional<Element> outside(Place p, long row, long rows) {
        int own = in.size();
        int i = in.indexOf(p.value);
        if (i < 0) {
            int o = out.indexOf(p.value);
            return o < 0 ? Optional.empty() : Optional.of(at(own + o, p.index, row));
        }
        if (i >= scan.states()) {
            return Optional.of(i < scan.states() + scan.inputs() ? at(i, p.index, row) : new Element(i, p.index));
        }
        long before = scan.before(row);
        return Optional.of(before < 0 || before >= rows ? at(i, p.index, 0) : at(own + i, p.index, before));
    }

    private static Element at(int input, long[] index, long row) {
        long[] own = index.clone();
        own[0] = row;
        return new Element(input, own);
    }

    /** Multiplies inner sums out; whether that was possible. */
    private boolean multiply(
            Place p, Derivation d, double constant, String label, long row, long rows, List<Term> terms) {
        for (Term t : d.terms()) {
            String name = d.terms().size() == 1 && !label.isEmpty() ? label : t.label();
            List<Place> from = t.factors().stream().map(e -> moved(inner(p, e))).toList();
            List<Element> known =
                    from.stream().flatMap(f -> outside(f, row, rows).stream()).toList();
            double factor = constant * t.constant();
            if (known.size() == from.size()) {
                terms.add(new Term(name, factor, known));
                continue;
            }
            Derivation next = derive(from.getFirst());
            boolean opens = from.size() == 1 && next.kind() == Derivation.Kind.SUM;
            if (!opens || !multiply(from.getFirst(), next, factor, name, row, rows, terms)) {
                return false;
            }
        }
        return true;
    }

    /** The number as a function of all known numbers below it. */
    private Derivation function(Place top, long row, long rows) {
        List<Term> terms = new ArrayList<>();
        Map<List<Object>, Integer> places = new HashMap<>();
        Formula f = formula(top, true, row, rows, terms, places);
        return Derivation.function(
                "what " + scan.body().name() + " makes of the row and of the states at the row before",
                "f(x, s)",
                terms,
                f::of);
    }

    /** A number from the values of the known numbers below it. */
    @FunctionalInterface
    private interface Formula {
        double of(double[] known);
    }

    private Formula formula(
            Place p, boolean top, long row, long rows, List<Term> terms, Map<List<Object>, Integer> places) {
        Optional<Element> known = top ? Optional.empty() : outside(p, row, rows);
        if (known.isPresent()) {
            Element e = known.get();
            List<Object> key =
                    List.of(e.input(), Arrays.stream(e.index()).boxed().toList());
            int at = places.computeIfAbsent(key, k -> {
                terms.add(new Term("number " + terms.size(), 1, List.of(e)));
                return terms.size() - 1;
            });
            return v -> v[at];
        }
        Derivation d = derive(p);
        if (d.kind() == Derivation.Kind.GIVEN) {
            throw new IllegalStateException(scan.body().name() + " holds a number that is not derived: " + d.words());
        }
        List<Formula> inner = new ArrayList<>();
        for (Term t : d.terms()) {
            List<Formula> factors = new ArrayList<>();
            t.factors().forEach(e -> factors.add(formula(inner(p, e), false, row, rows, terms, places)));
            inner.add(v -> {
                double x = t.constant();
                for (Formula f : factors) {
                    x *= f.of(v);
                }
                return x;
            });
        }
        return v -> d.how().of(inner.stream().mapToDouble(f -> f.of(v)).toArray());
    }
}
