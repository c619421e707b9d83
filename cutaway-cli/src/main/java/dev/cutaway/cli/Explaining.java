package dev.cutaway.cli;

import dev.cutaway.graph.look.Explanation;
import dev.cutaway.model.Look;
import dev.cutaway.model.Slice;
import dev.cutaway.model.TensorInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Prints where a number comes from: the formula, the largest terms, the sum of the rest, and so on for what they were made of.
 * All words and formulas come from the graph's own declarations.
 */
final class Explaining {
    /** Terms that are followed where an explanation goes deeper; all of them would be thousands. */
    private static final int FOLLOWED = 3;

    private final Look look;
    private final int depth;
    private final int top;
    private final Set<String> told = new HashSet<>();

    Explaining(Look look, int depth, int top) {
        this.look = look;
        this.depth = depth;
        this.top = top;
    }

    /** Prints the derivation of {@code NAME[i,j,k]} if it lies in row {@code b} of the batch. */
    void print(String what, int b, int batch, boolean json, Out out) {
        Slice slice = Slice.parse(what);
        long[] index = index(slice, b, batch);
        if (index.length > 0 && index[0] == -1) {
            return;
        }
        Explanation e = look.explain(slice.name(), index);
        if (json) {
            out.line(Json.of(object(e, depth)));
        } else {
            text(e, "", depth, out);
        }
    }

    /** The element's index with batch index 0; -1 first if it lies in another row of the batch. */
    private long[] index(Slice slice, int b, int batch) {
        Optional<TensorInfo> info =
                look.list().stream().filter(i -> i.name().equals(slice.name())).findFirst();
        if (info.isEmpty()) {
            return slice.parts().stream().mapToLong(Slice.Part::from).toArray();
        }
        List<Long> sizes = new ArrayList<>(info.get().sizes());
        sizes.set(0, (long) batch);
        long[] index = slice.element(sizes);
        index[0] = index[0] == b ? 0 : -1;
        return index;
    }

    private void text(Explanation e, String indent, int levels, Out out) {
        out.line(indent + place(e.name(), e.index()) + " = " + number(e.kept()));
        out.line(indent + "  " + e.words());
        if (!e.given()) {
            out.line(indent + "  " + e.latex());
            out.line(indent + "  " + (e.sum() ? "the sum of " : "made from ")
                    + e.terms().size()
                    + (e.terms().size() == 1 ? " term" : " terms") + "; again from them: " + number(e.recomputed())
                    + ", difference " + String.format(java.util.Locale.ROOT, "%.1e", e.difference()));
        }
        int shown = Math.min(top, e.terms().size());
        for (int i = 0; i < shown; i++) {
            Explanation.Term t = e.terms().get(i);
            out.line(indent + "  " + pad(number(t.value())) + "  " + t.label()
                    + (t.factors().isEmpty() ? "" : ": ")
                    + (t.constant() == 1 ? "" : number(t.constant()) + " * ")
                    + t.factors().stream().map(Explaining::factor).collect(Collectors.joining(" * ")));
        }
        if (shown < e.terms().size()) {
            out.line(indent + "  " + pad(number(rest(e, shown))) + "  the other "
                    + (e.terms().size() - shown));
        }
        if (levels > 1) {
            for (Explanation.Factor f : followed(e)) {
                text(look.explain(f.name(), array(f.index())), indent + "    ", levels - 1, out);
            }
        }
    }

    private Map<String, Object> object(Explanation e, int levels) {
        int shown = Math.min(top, e.terms().size());
        List<Map<String, Object>> terms = new ArrayList<>();
        for (Explanation.Term t : e.terms().subList(0, shown)) {
            List<Map<String, Object>> factors = t.factors().stream()
                    .map(f -> Json.object(
                            "name", f.name(),
                            "index", f.index(),
                            "value", f.value(),
                            "weight", f.weight(),
                            "detail", f.detail()))
                    .toList();
            terms.add(
                    Json.object("label", t.label(), "value", t.value(), "constant", t.constant(), "factors", factors));
        }
        Map<String, Object> all =
                Json.object("name", e.name(), "index", e.index(), "value", e.kept(), "words", e.words());
        all.put("latex", e.latex());
        all.put("sum", e.sum());
        all.put("recomputed", e.recomputed());
        all.put("difference", e.difference());
        all.put("terms", terms);
        all.put("rest", Json.object("count", e.terms().size() - shown, "value", rest(e, shown)));
        if (levels > 1) {
            List<Map<String, Object>> inner = new ArrayList<>();
            for (Explanation.Factor f : followed(e)) {
                inner.add(object(look.explain(f.name(), array(f.index())), levels - 1));
            }
            all.put("from", inner);
        }
        return all;
    }

    /** The numbers of the largest terms that have an origin of their own and were not told yet. */
    private List<Explanation.Factor> followed(Explanation e) {
        return e.terms().stream()
                .limit(FOLLOWED)
                .flatMap(t -> t.factors().stream())
                .filter(f -> !f.weight() && told.add(place(f.name(), f.index())))
                .toList();
    }

    private static double rest(Explanation e, int shown) {
        return e.terms().stream()
                .skip(shown)
                .mapToDouble(Explanation.Term::value)
                .sum();
    }

    private static String factor(Explanation.Factor f) {
        String detail = f.weight() && !f.detail().isBlank() ? " (" + f.detail() + ")" : "";
        return place(f.name(), f.index()) + " " + number(f.value()) + detail;
    }

    private static String place(String name, List<Long> index) {
        return name + index.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
    }

    private static long[] array(List<Long> index) {
        return index.stream().mapToLong(Long::longValue).toArray();
    }

    private static String number(double x) {
        return String.format(java.util.Locale.ROOT, "%.6g", x);
    }

    private static String pad(String number) {
        return " ".repeat(Math.max(0, 12 - number.length())) + number;
    }
}
