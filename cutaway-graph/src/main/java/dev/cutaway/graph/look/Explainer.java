package dev.cutaway.graph.look;

import static java.util.stream.Collectors.joining;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * Explains one number by the declarations of the primitives. Steps that only move numbers are passed over, and inner values
 * without a name are multiplied out where they are sums or products, so that each card shows named tensors and weights.
 */
public final class Explainer {
    /** Inner sums are multiplied out up to this many terms. */
    private static final int MAX_TERMS = 1 << 16;

    private final Function<Value, Tensor> values;
    private final Binding binding;
    private final Given given;
    private final Map<Value, String> names = new HashMap<>();
    private final Map<Value, Tensor> tensors = new HashMap<>();

    /**
     * @param opened the opened graph
     * @param values gives any value, whole
     * @param binding sizes of the row spaces
     * @param given says where weights lie
     */
    public Explainer(Graph opened, Function<Value, Tensor> values, Binding binding, Given given) {
        this.values = values;
        this.binding = binding;
        this.given = given;
        opened.names().forEach((name, v) -> names.putIfAbsent(v, name));
    }

    private record Place(Value value, long[] index) {}

    private record Product(String label, double constant, List<Place> factors) {}

    /**
     * Explains one element.
     *
     * @param name what to call it
     * @param v the value
     * @param index the element, without batch axis
     */
    public Explanation explain(String name, Value v, long[] index) {
        check(name, v, index);
        float kept = tensor(v).get(flat(v, index));
        Place place = new Place(v, index);
        Derivation d = derive(place);
        while (d.kind() == Derivation.Kind.MOVE) {
            place = step(place, d.terms().getFirst().factors().getFirst());
            if (ends(place.value)) {
                Product only = new Product("", 1, List.of(place));
                return new Explanation(
                        name, indexOf(v, index), kept, d.words(), d.latex(), true, List.of(term(only)), kept);
            }
            d = derive(place);
        }
        if (d.kind() == Derivation.Kind.GIVEN) {
            return new Explanation(name, indexOf(v, index), kept, words(place, d), d.latex(), true, List.of(), kept);
        }
        List<Product> products = new ArrayList<>();
        for (Derivation.Term t : d.terms()) {
            addTerm(place, t, d.kind() == Derivation.Kind.SUM, products);
        }
        List<Explanation.Term> terms =
                new ArrayList<>(products.stream().map(this::term).toList());
        double recomputed =
                d.how().of(terms.stream().mapToDouble(Explanation.Term::value).toArray());
        // Hidden scores are minus infinity: they count nothing.
        terms.removeIf(t -> Double.isInfinite(t.value()));
        boolean sum = d.kind() == Derivation.Kind.SUM;
        List<Letter> letters = letters(place, d);
        // What a function takes (scores of a softmax) counts by its value, what is added by its magnitude.
        terms.sort(Comparator.comparingDouble((Explanation.Term t) -> sum ? -Math.abs(t.value()) : -t.value()));
        return new Explanation(
                name,
                indexOf(v, index),
                kept,
                d.words()
                        + letters.stream()
                                .map(l -> ", where " + l.name + " is " + l.words)
                                .collect(joining()),
                d.latex() + letters.stream().map(Letter::formula).collect(joining()),
                sum,
                terms,
                recomputed);
    }

    /** What a letter of a formula stands for. */
    private record Letter(String name, String words, String latex) {
        String formula() {
            return latex.isEmpty() ? "" : ",\\quad " + name + " = " + latex;
        }
    }

    /**
     * What x and y of a formula are, where the terms below do not say so: an inner value that was multiplied out (its own formula), and
     * what a constant scales (its name).
     */
    private List<Letter> letters(Place at, Derivation d) {
        List<Letter> out = new ArrayList<>();
        for (Derivation.Term t : d.terms()) {
            boolean scaled = t.label().isEmpty() && d.words().contains("x");
            boolean letter = scaled || t.label().matches("[xy](,.*)?");
            if (!letter || d.kind() != Derivation.Kind.SUM || t.factors().size() != 1) {
                continue;
            }
            Place p = named(step(at, t.factors().getFirst()));
            String name = scaled ? "x" : t.label().substring(0, 1);
            if (!ends(p.value)) {
                Derivation inner = derive(p);
                out.add(new Letter(name, inner.words(), inner.latex()));
            } else if (scaled) {
                out.add(new Letter(name, p.value.node().op() instanceof Parameter ? "the weight" : name(p.value), ""));
            }
        }
        return out;
    }

    private String words(Place p, Derivation d) {
        return p.value.node().op() instanceof Parameter w
                ? given.place(w, p.index).detail()
                : d.words();
    }

    private void addTerm(Place at, Derivation.Term t, boolean sum, List<Product> out) {
        List<Place> factors = new ArrayList<>();
        double constant = t.constant();
        for (Derivation.Element e : t.factors()) {
            Place p = named(step(at, e));
            Derivation d = ends(p.value) ? Derivation.given("") : derive(p);
            boolean opens = sum && d.kind() == Derivation.Kind.SUM;
            if (opens && t.factors().size() == 1 && out.size() + d.terms().size() <= MAX_TERMS) {
                for (Derivation.Term inner : d.terms()) {
                    String label = d.terms().size() == 1 ? t.label() : inner.label();
                    addTerm(p.value.equals(at.value) ? at : p, scaled(inner, label, constant), true, out);
                }
                return;
            }
            if (opens && d.terms().size() == 1) {
                constant *= d.terms().getFirst().constant();
                for (Derivation.Element f : d.terms().getFirst().factors()) {
                    factors.add(named(step(p, f)));
                }
            } else {
                factors.add(p);
            }
        }
        out.add(new Product(t.label(), constant, factors));
    }

    private static Derivation.Term scaled(Derivation.Term t, String label, double constant) {
        return new Derivation.Term(label, t.constant() * constant, t.factors());
    }

    private Explanation.Term term(Product p) {
        double value = p.constant;
        List<Explanation.Factor> factors = new ArrayList<>();
        for (Place f : p.factors) {
            float x = tensor(f.value).get(flat(f.value, f.index));
            value *= x;
            factors.add(factor(f, x));
        }
        return new Explanation.Term(p.label, value, p.constant, factors);
    }

    private Explanation.Factor factor(Place p, float x) {
        if (p.value.node().op() instanceof Parameter w) {
            Given.Place at = given.place(w, p.index);
            return new Explanation.Factor(
                    at.name(), LongStream.of(at.index()).boxed().toList(), x, true, at.detail());
        }
        String detail = names.containsKey(p.value) ? "" : derive(p).words();
        return new Explanation.Factor(name(p.value), indexOf(p.value, p.index), x, false, detail);
    }

    /** Follows moves until a value that has a name, or that computes something. */
    private Place named(Place p) {
        while (!ends(p.value)) {
            Derivation d = derive(p);
            if (d.kind() != Derivation.Kind.MOVE) {
                return p;
            }
            p = step(p, d.terms().getFirst().factors().getFirst());
        }
        return p;
    }

    private boolean ends(Value v) {
        return names.containsKey(v)
                || v.node().op() instanceof Parameter
                || v.node().op() instanceof Input;
    }

    private static Place step(Place p, Derivation.Element e) {
        return new Place(p.value.node().source(e.input()), e.index());
    }

    private Derivation derive(Place p) {
        List<Tensor> in = p.value.node().in().stream().map(this::tensor).toList();
        return ((Primitive) p.value.node().op()).derive(p.value.node(), p.value.output(), p.index, binding, in);
    }

    private Tensor tensor(Value v) {
        return tensors.computeIfAbsent(v, values);
    }

    private String name(Value v) {
        return v.node().op() instanceof Input i ? i.input() : names.getOrDefault(v, v.toString());
    }

    /** Everything is shown with a batch axis in front, but weights, and what has one row per sequence already. */
    private static List<Long> indexOf(Value v, long[] index) {
        LongStream own = LongStream.of(index);
        boolean whole = v.node().op() instanceof Parameter || v.type().dim(0).equals(Dim.of(Space.SEQUENCES));
        return (whole ? own : LongStream.concat(LongStream.of(0), own)).boxed().toList();
    }

    private long flat(Value v, long[] index) {
        long[] shape = tensor(v).shape();
        long f = 0;
        for (int i = 0; i < shape.length; i++) {
            f = f * shape[i] + index[i];
        }
        return f;
    }

    private void check(String name, Value v, long[] index) {
        Type t = v.type();
        long[] shape = t.shape(binding);
        boolean fits = shape.length == index.length;
        for (int i = 0; fits && i < shape.length; i++) {
            fits = index[i] >= 0 && index[i] < shape[i];
        }
        if (!fits) {
            throw new IllegalArgumentException("index " + java.util.Arrays.toString(index) + " is outside " + name
                    + " of shape " + java.util.Arrays.toString(shape));
        }
    }
}
