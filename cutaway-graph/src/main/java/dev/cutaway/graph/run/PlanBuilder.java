package dev.cutaway.graph.run;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.Concat;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Depthwise;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Pick;
import dev.cutaway.graph.op.RelativeBias;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.SoftCap;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.WindowAttention;
import dev.cutaway.tensor.kernel.AttentionShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Lowers one section of a graph (all nodes over one row space) to steps. Composites with a kernel become one step, weights
 * that share an input one product; reshapes cost nothing; whatever has no kernel runs by its definition.
 */
final class PlanBuilder {
    /** Which input of attention is added to the scores. */
    private static final int BIAS = 5;

    private final Graph graph;
    private final Weights weights;
    private final Space section;
    private final boolean tailed;
    final List<Step> steps = new ArrayList<>();
    final List<SequenceState.Layout> layouts;
    final Map<Integer, Integer> blockStarts = new HashMap<>();
    final Map<Integer, Slot> blockSlots = new HashMap<>();
    final Map<Value, Slot> slots = new HashMap<>();
    private final Map<Value, Slot> tailCopies = new HashMap<>();
    private final Map<Value, Integer> uses = new HashMap<>();
    private final Map<Value, Integer> lastReader = new HashMap<>();
    private final Map<Node, Integer> order = new HashMap<>();
    private final Set<Value> kept;
    private final List<Slot> all = new ArrayList<>();
    private final Map<Value, Integer> states;
    private boolean tail;

    PlanBuilder(
            Graph graph,
            Weights weights,
            Space section,
            boolean tailed,
            List<SequenceState.Layout> layouts,
            Map<Value, Integer> states,
            Set<Value> kept) {
        this.graph = graph;
        this.weights = weights;
        this.section = section;
        this.tailed = tailed;
        this.layouts = layouts;
        this.states = states;
        this.kept = kept;
        for (Node n : graph.nodes()) {
            order.put(n, order.size());
            for (Value v : n.in()) {
                uses.merge(v, 1, Integer::sum);
                lastReader.put(v, order.size() - 1);
            }
        }
    }

    /** Lowers the section's nodes. */
    void lower() {
        List<Value> inputs = graph.blockInputs();
        int last = -1;
        for (Node n : graph.nodes()) {
            if (!belongs(n)) {
                continue;
            }
            if (n.block() > last
                    && n.block() >= 0
                    && n.block() < inputs.size()
                    && of(inputs.get(n.block())).equals(section)) {
                begin(n.block());
                last = n.block();
            }
            tail = tailed && n.block() == inputs.size();
            lower(n);
        }
    }

    private void begin(int block) {
        Slot x = in(graph.blockInputs().get(block));
        blockStarts.put(block, steps.size());
        blockSlots.put(block, x);
        emit(new StateSteps.Keep(block, x, section.equals(Space.SOURCE)), x);
    }

    /** The section that a value is computed in. */
    static Space of(Value v) {
        for (Dim d : v.type().dims()) {
            if (d instanceof Dim.Rows(Space s)) {
                return s.equals(Space.SOURCE) ? s : Space.ROWS;
            }
        }
        return Space.ROWS;
    }

    private boolean belongs(Node n) {
        if (n.op() instanceof Parameter || n.op() instanceof Input) {
            return false;
        }
        return of(n.value(0)).equals(section);
    }

    private void emit(Step s, Slot... touched) {
        for (Slot t : touched) {
            t.lastUse = steps.size();
        }
        steps.add(s);
    }

    private Slot slot(Value v) {
        return slot(v, steps.size());
    }

    private Slot slot(Value v, int born) {
        Type t = v.type();
        Space space = t.dim(0) instanceof Dim.Rows(Space of) ? of : Space.ROWS;
        Slot.Rows rows = space.equals(Space.SEQUENCES)
                ? Slot.Rows.SEQUENCES
                : space.each() > 0 ? Slot.Rows.EACH : tail ? Slot.Rows.TAIL : Slot.Rows.ALL;
        Slot s = new Slot(Math.toIntExact(t.fixedSize()), rows, Math.max(1, space.each()), born);
        all.add(s);
        slots.put(v, s);
        return s;
    }

    /** Where an input's rows are; in the tail, a copy of the wanted rows. */
    private Slot in(Value v) {
        Slot s = slots.get(v);
        if (s == null && v.node().op() instanceof Input i && !i.type().integer()) {
            s = slot(v);
            emit(new RowSteps.Given(i.input(), s), s);
        }
        if (s == null) {
            throw new IllegalStateException("value " + v.node() + " is not a row value of this section");
        }
        if (!tail || s.rows != Slot.Rows.ALL) {
            return s;
        }
        Slot known = tailCopies.get(v);
        if (known == null) {
            known = new Slot(s.width, Slot.Rows.TAIL, steps.size());
            all.add(known);
            tailCopies.put(v, known);
            emit(new RowSteps.Copy(s, known), s, known);
        }
        return known;
    }

    private static Optional<Parameter> parameter(Node n, int input) {
        return input < n.in().size() && n.in().get(input).node().op() instanceof Parameter p
                ? Optional.of(p)
                : Optional.empty();
    }

    private static Parameter require(Node n, int input) {
        return parameter(n, input)
                .orElseThrow(() -> new IllegalStateException("input " + input + " of " + n + " must be a weight"));
    }

    /** A switch over the operations' types would read better; linking one takes milliseconds of every start. */
    private void lower(Node n) {
        Op op = n.op();
        if (op instanceof Linear || op instanceof HeadsOut) {
            product(n, in(n.in().getFirst()));
        } else if (op instanceof Reshape && slots.containsKey(n.in().getFirst())) {
            slots.put(n.value(0), in(n.in().getFirst()));
        } else if (op instanceof RmsNorm(double eps, double offset)) {
            norm(n, true, eps, offset);
        } else if (op instanceof LayerNorm(double eps)) {
            norm(n, false, eps, 0);
        } else if (op instanceof RopeTable(var frequencies)) {
            angles(n, frequencies);
        } else if (op instanceof Rotary(boolean interleaved)) {
            rotate(n, interleaved);
        } else if (op instanceof Cache) {
            append(n);
        } else if (op instanceof Attention a) {
            attend(n, a);
        } else if (lowerRecurrent(n)) {
            return;
        } else if (looksUp(n)) {
            embed(n);
        } else if (!lowerElements(n) && !lowerOnce(n)) {
            generic(n);
        }
    }

    private boolean lowerRecurrent(Node n) {
        if (n.op() instanceof Lstm(boolean backwards)) {
            Slot x = in(n.in().getFirst());
            Parameter w = require(n, 1);
            Slot h = slot(n.value(0));
            Slot c = slot(n.value(1));
            Optional<RecurrentSteps.Past> past = n.in().size() > 2
                    ? Optional.of(new RecurrentSteps.Past(carried(n, 2), carried(n, 3)))
                    : Optional.empty();
            var step = new RecurrentSteps.Lstm(x, () -> weights.packed(w, Optional.empty()), backwards, past, h, c);
            emit(step, x, h, c);
        } else if (n.op() instanceof AdditiveAttention) {
            Slot q = in(n.in().get(0));
            int keys = java.util.Objects.requireNonNull(states.get(n.in().get(1)));
            int values = java.util.Objects.requireNonNull(states.get(n.in().get(2)));
            Parameter w = require(n, 3);
            Slot y = slot(n.value(0));
            if (!layouts.get(keys).source() || !layouts.get(values).source()) {
                throw new IllegalStateException(n + " must read a source");
            }
            var step = new RecurrentSteps.Attend(
                    q,
                    keys,
                    values,
                    layouts.get(keys),
                    layouts.get(values),
                    () -> weights.tensor(w).widen().data(),
                    y);
            emit(step, q, y);
        } else {
            return n.op() instanceof Carried; // read where it is kept
        }
        return true;
    }

    /** The state that an input carries on. */
    private int carried(Node n, int input) {
        if (n.in().get(input).node().op() instanceof Carried past) {
            for (int i = 0; i < layouts.size(); i++) {
                if (layouts.get(i).name().equals(past.state())) {
                    return i;
                }
            }
        }
        throw new IllegalStateException("input " + input + " of " + n + " must be what a state keeps");
    }

    private static boolean looksUp(Node n) {
        return n.op() instanceof Gather
                && n.in().get(0).node().op() instanceof Parameter
                && n.in().get(1).node().op() instanceof Input;
    }

    /** Functions of elements, where there is a kernel. */
    private boolean lowerElements(Node n) {
        Op op = n.op();
        if ((op == Binary.ADD || op == Binary.MULTIPLY) && bothRows(n)) {
            if (op == Binary.MULTIPLY || !addedByProduct(n)) {
                zip(n, op == Binary.MULTIPLY);
            }
        } else if (op instanceof Constant(double factor, double offset)
                && offset == 0
                && slots.containsKey(n.in().getFirst())) {
            Slot x = in(n.in().getFirst());
            Slot y = slot(n.value(0));
            emit(new RowSteps.Scale(x, y, factor), x, y);
        } else if (op instanceof SoftCap(double cap)) {
            Slot x = in(n.in().getFirst());
            Slot y = slot(n.value(0));
            emit(new RowSteps.Cap(x, y, cap), x, y);
        } else if (op instanceof Unary u && u.activation().isPresent()) {
            Slot x = in(n.in().getFirst());
            Slot y = slot(n.value(0));
            emit(new RowSteps.Activate(u.activation().get(), x, Optional.empty(), y), x, y);
        } else if (op instanceof Gate(Unary u) && u.activation().isPresent()) {
            Slot x = in(n.in().get(0));
            Slot up = in(n.in().get(1));
            Slot y = slot(n.value(0));
            emit(new RowSteps.Activate(u.activation().get(), x, Optional.of(up), y), x, up, y);
        } else {
            return false;
        }
        return true;
    }

    /** What stands once in a model: class tokens, pooling, relative biases. */
    private boolean lowerOnce(Node n) {
        if (n.op() instanceof First) {
            first(n);
        } else if (lowerPicked(n)) {
            return true;
        } else if (n.op() instanceof Choose(int at)
                && input(n, 0).isPresent()
                && parameter(n, 1).isPresent()) {
            choose(n, input(n, 0).get(), at);
        } else if (n.op() instanceof Concat
                && n.out().getFirst().rank() == 2
                && n.in().stream().allMatch(slots::containsKey)) {
            List<Slot> parts = n.in().stream().map(this::in).toList();
            Slot y = slot(n.value(0));
            emit(new RowSteps.Concat(parts, y), parts.toArray(Slot[]::new));
            y.lastUse = steps.size() - 1;
        } else if (n.op() instanceof RelativeBias r && byDistance(n)) {
            Parameter table = require(n, 0);
            emit(new RelativeStep(n.value(0), r.buckets(), () -> weights.vector(table)));
        } else {
            return false;
        }
        return true;
    }

    /** Rows by constant number, and what is done with rows that were picked so: images in windows, convolutions. */
    private boolean lowerPicked(Node n) {
        Slot x = slots.get(n.in().isEmpty() ? n.value(0) : n.in().getFirst());
        if (x == null) {
            return false;
        }
        if (n.op() instanceof Pick p && p.to().getFirst() instanceof Dim.Rows) {
            Slot y = slot(n.value(0));
            emit(
                    new PickedSteps.Picked(
                            p.how(), x, y, width(n.in().getFirst(), p.from().size())),
                    x,
                    y);
        } else if (n.op() instanceof Depthwise d) {
            Parameter w = require(n, 1);
            Parameter bias = require(n, 2);
            Slot y = slot(n.value(0));
            emit(
                    new PickedSteps.Convolve(
                            d.around(), x, () -> weights.tensor(w).widen(), () -> weights.vector(bias), y),
                    x,
                    y);
        } else if (n.op() instanceof WindowAttention a) {
            Parameter table = require(n, 3);
            Slot k = in(n.in().get(1));
            Slot v = in(n.in().get(2));
            Slot y = slot(n.value(0));
            int heads = n.in().getFirst().type().size(1);
            emit(
                    new PickedSteps.Attend(
                            a, heads, x, k, v, () -> weights.tensor(table).widen(), y),
                    x,
                    k,
                    v,
                    y);
        } else if (n.op() == Binary.MULTIPLY
                && parameter(n, 1).isPresent()
                && n.in().get(1).type().rank() == 1) {
            Parameter factors = require(n, 1);
            Slot y = slot(n.value(0));
            emit(new PickedSteps.ByVector(x, () -> weights.vector(factors), y), x, y);
        } else {
            return false;
        }
        return true;
    }

    /** Numbers of a row behind so many leading axes. */
    private static int width(Value v, int leading) {
        int n = 1;
        for (int i = leading; i < v.type().rank(); i++) {
            n *= v.type().size(i);
        }
        return n;
    }

    private boolean bothRows(Node n) {
        Slot a = slots.get(n.in().get(0));
        Slot b = slots.get(n.in().get(1));
        return a != null && b != null && a.width == b.width && a.alike(b);
    }

    private void product(Node n, Slot x) {
        Parameter w = require(n, 1);
        Optional<Parameter> bias = parameter(n, 2);
        LinearStep step;
        if (!steps.isEmpty() && steps.getLast() instanceof LinearStep l && l.input() == x) {
            step = l;
        } else {
            Optional<RowSteps.Norm> norm =
                    !steps.isEmpty() && steps.getLast() instanceof RowSteps.Norm before && before.handsOver(x)
                            ? Optional.of(before)
                            : Optional.empty();
            step = new LinearStep(x, steps.size(), norm);
            norm.ifPresent(b -> b.input().lastUse = steps.size());
            emit(step, x);
        }
        // The step was emitted already: the result is born with it, while its input still lives.
        Slot y = slot(n.value(0), steps.size() - 1);
        step.product(() -> weights.packed(w, bias), y);
    }

    /**
     * Whether a sum needs no step of its own: one of its terms was the last thing computed, by a product and for this sum only,
     * and nobody reads the other one any more. Then the product adds to that one in place: the residual connection.
     */
    private boolean addedByProduct(Node n) {
        Value first = n.in().get(0);
        Value second = n.in().get(1);
        return addInPlace(n, first, second) || addInPlace(n, second, first);
    }

    private boolean addInPlace(Node n, Value stays, Value added) {
        Slot to = slots.get(stays);
        Slot from = slots.get(added);
        boolean product = added.node().op() instanceof Linear || added.node().op() instanceof HeadsOut;
        if (to == null || from == null || to == from || !product || uses.getOrDefault(added, 0) != 1) {
            return false;
        }
        boolean last = steps.getLast() instanceof LinearStep l && l.lastOutput() == from && !l.touches(to);
        if (!last || !to.alike(from) || kept.contains(stays) || kept.contains(added) || read(to, n)) {
            return false;
        }
        ((LinearStep) steps.getLast()).addLastTo(to);
        to.lastUse = steps.size() - 1;
        all.remove(from);
        slots.put(n.value(0), to);
        return true;
    }

    /** Whether a node after {@code n} reads a value that lies in the slot. */
    private boolean read(Slot slot, Node n) {
        int at = order.getOrDefault(n, Integer.MAX_VALUE);
        for (Map.Entry<Value, Slot> e : slots.entrySet()) {
            boolean here = e.getValue() == slot;
            if (here && (lastReader.getOrDefault(e.getKey(), -1) > at || kept.contains(e.getKey()))) {
                return true;
            }
        }
        return false;
    }

    private void norm(Node n, boolean rms, double eps, double offset) {
        Slot x = in(n.in().getFirst());
        Parameter gain = require(n, 1);
        Optional<Parameter> bias = parameter(n, 2);
        Slot y = slot(n.value(0));
        emit(
                new RowSteps.Norm(
                        x,
                        y,
                        width(n.in().get(1), 0),
                        () -> weights.vector(gain),
                        bias.map(b -> () -> weights.vector(b)),
                        rms,
                        eps,
                        offset),
                x,
                y);
    }

    private void embed(Node n) {
        Parameter table = require(n, 0);
        String ids = ((Input) n.in().get(1).node().op()).input();
        Slot y = slot(n.value(0));
        boolean multiplied = uses.getOrDefault(n.in().getFirst(), 0) > 1;
        Optional<java.util.function.Supplier<dev.cutaway.tensor.kernel.PackedMatrix>> packed =
                multiplied && weights.isPacked(table)
                        ? Optional.of(() -> weights.packed(table, Optional.empty()))
                        : Optional.empty();
        emit(new RowSteps.Embed(ids, () -> weights.tensor(table), packed, y), y);
    }

    private void first(Node n) {
        // All rows, not those wanted: the first one need not be among them.
        Slot known = slots.get(n.in().getFirst());
        Slot x = known == null ? in(n.in().getFirst()) : known;
        Slot y = slot(n.value(0));
        emit(new RowSteps.First(x, y), x, y);
    }

    private void choose(Node n, String flags, int at) {
        Parameter vector = require(n, 1);
        Slot x = in(n.in().get(2));
        Slot y = slot(n.value(0));
        emit(new RowSteps.Choose(flags, at, () -> weights.vector(vector), x, y), x, y);
    }

    /** Whether a relative bias is of the rows' own indices and keys' own, and for attention only, which then needs no table. */
    private boolean byDistance(Node n) {
        boolean own = parameter(n, 0).isPresent()
                && input(n, 1)
                        .map(i -> i.equals("row") || i.equals("source row"))
                        .orElse(false)
                && input(n, 2)
                        .map(i -> i.equals("key") || i.equals("source row"))
                        .orElse(false);
        return own
                && graph.nodes().stream()
                        .filter(u -> u.in().contains(n.value(0)))
                        .allMatch(u -> u.op() instanceof Attention && u.in().indexOf(n.value(0)) == BIAS);
    }

    private static Optional<String> input(Node n, int i) {
        return n.in().get(i).node().op() instanceof Input in ? Optional.of(in.input()) : Optional.empty();
    }

    private void angles(Node n, dev.cutaway.graph.op.RopeFrequencies frequencies) {
        Slot cos = slot(n.value(0));
        Slot sin = slot(n.value(1));
        String position = ((Input) n.in().getFirst().node().op()).input();
        emit(new RowSteps.Angles(frequencies, position, cos, sin), cos, sin);
    }

    private void rotate(Node n, boolean interleaved) {
        Slot x = in(n.in().getFirst());
        Slot cos = in(n.in().get(1));
        Slot sin = in(n.in().get(2));
        Slot y = slot(n.value(0));
        emit(new RowSteps.Rotate(x, y, cos, sin, n.out().getFirst().size(2), interleaved), x, y, cos, sin);
    }

    private void append(Node n) {
        Slot x = in(n.in().getFirst());
        int state = java.util.Objects.requireNonNull(states.get(n.value(0)));
        emit(new StateSteps.Append(state, layouts.get(state), x), x);
    }

    private void attend(Node n, Attention a) {
        Slot q = in(n.in().get(0));
        int keys = java.util.Objects.requireNonNull(states.get(n.in().get(1)));
        int values = java.util.Objects.requireNonNull(states.get(n.in().get(2)));
        SequenceState.Layout layout = layouts.get(keys);
        boolean cross = layout.source() && section.equals(Space.ROWS);
        int groups = layout.heads();
        Type qt = n.in().get(0).type();
        AttentionShape shape = new AttentionShape(
                qt.size(1) / groups,
                qt.size(2),
                layouts.get(values).size(),
                (float) a.scale(),
                (float) a.cap(),
                a.window() > 0 ? a.window() - 1 : AttentionShape.ALL,
                a.causal() ? 0 : AttentionShape.ALL,
                layout.halves());
        Optional<Value> bias = n.in().size() > BIAS ? Optional.of(n.in().get(BIAS)) : Optional.empty();
        Slot y = slot(n.value(0));
        var attend = new StateSteps.Attend(shape, groups, q, keys, values, layout, cross, y, bias);
        emit(attend, q, y);
        emit(new StateSteps.Merge(attend), y);
    }

    private void zip(Node n, boolean multiply) {
        Slot a = in(n.in().get(0));
        Slot b = in(n.in().get(1));
        Slot y = slot(n.value(0));
        emit(new RowSteps.Zip(a, b, y, multiply), a, b, y);
    }

    private void generic(Node n) {
        Map<Value, Slot> rows = new HashMap<>();
        for (Value v : n.in()) {
            if (slots.containsKey(v)) {
                rows.put(v, in(v));
            }
        }
        Type t = n.out().getFirst();
        boolean row = !t.integer()
                && t.dim(0) instanceof Dim.Rows
                && t.dims().stream().skip(1).allMatch(Dim.Size.class::isInstance);
        Optional<Slot> out = row ? Optional.of(slot(n.value(0))) : Optional.empty();
        emit(new GenericStep(n, rows, out, weights), rows.values().toArray(Slot[]::new));
        out.ifPresent(s -> s.lastUse = steps.size() - 1);
    }

    /** Keeps values until the end: outputs that are read after the run. */
    void keep() {
        for (Value v : kept) {
            Slot s = slots.get(v);
            if (s != null) {
                s.lastUse = Integer.MAX_VALUE;
            }
        }
    }

    /** Gives every slot a buffer; slots whose lives do not overlap and whose rows are alike share one. */
    void assign(List<Integer> widths, List<Slot.Rows> rows) {
        List<Integer> freeFrom = new ArrayList<>();
        int first = widths.size();
        for (Slot s :
                all.stream().sorted((a, b) -> Integer.compare(a.born, b.born)).toList()) {
            int best = -1;
            for (int i = first; i < widths.size(); i++) {
                boolean free = freeFrom.get(i - first) < s.born && rows.get(i) == s.bufferRows();
                int width = s.bufferWidth();
                if (free && (best < 0 || Math.abs(widths.get(i) - width) < Math.abs(widths.get(best) - width))) {
                    best = i;
                }
            }
            if (best < 0) {
                best = widths.size();
                widths.add(s.bufferWidth());
                rows.add(s.bufferRows());
                freeFrom.add(0);
            }
            widths.set(best, Math.max(widths.get(best), s.bufferWidth()));
            freeFrom.set(best - first, s.lastUse);
            s.buffer = best;
        }
    }
}
