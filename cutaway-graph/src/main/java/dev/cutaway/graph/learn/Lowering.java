package dev.cutaway.graph.learn;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.Concat;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Depthwise;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Filled;
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
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.PutFirst;
import dev.cutaway.graph.op.Reduce;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.Scatter;
import dev.cutaway.graph.op.Slice;
import dev.cutaway.graph.op.Slope;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.Unpick;
import dev.cutaway.graph.op.WindowAttention;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes steps of the nodes that some values need. Composites with kernels for both directions stay closed, all others are opened; a primitive
 * without a kernel runs by its definition. Products wait until somebody reads them: if that is a sum, they are added to the other
 * term where it lies.
 */
final class Lowering {
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Value, Integer> lastReader = new HashMap<>();
    private final Map<Value, Integer> readers = new HashMap<>();
    private final Map<Value, Value> same = new HashMap<>();
    private final Set<Value> ofRows = new HashSet<>();
    private final Map<Value, Place> places = new HashMap<>();
    private final Map<Value, Waiting> waiting = new LinkedHashMap<>();
    private final List<Place> all = new ArrayList<>();
    private final Map<Node, LossSpec> losses;

    /** Steps, and losses, which become steps when a batch is there. */
    final List<Object> steps = new ArrayList<>();
    /** Steps over weights alone, run before. */
    final List<Step> before = new ArrayList<>();
    /** Steps over finished sums, run after the last part of a batch. */
    final List<Step> after = new ArrayList<>();
    /** Values that are sums, and of which they are the same as another. */
    final Map<Value, Value> sums = new LinkedHashMap<>();

    /** A product that nobody has read yet. */
    private record Waiting(Place x, Parameter weight, Optional<Parameter> bias, boolean back) {}

    /**
     * One term of the loss in the graph that is lowered.
     *
     * @param loss the node of the rows' losses
     * @param gradient the node that gives the logits' gradient, if there is a way back
     * @param product the unembedding, if nobody else reads the logits
     * @param productBack its gradient
     */
    record LossSpec(
            Node loss,
            Optional<Node> gradient,
            Optional<Node> product,
            Optional<Node> productBack,
            String labels,
            String weights,
            double smoothing) {}

    private final Recurrences recurrences = new Recurrences(this);
    private int now;

    Lowering(Graph graph, Collection<Value> wanted, List<LossSpec> lossSpecs) {
        this.losses = new HashMap<>();
        lossSpecs.forEach(s -> losses.put(s.loss(), s));
        choose(graph, wanted);
        for (int i = 0; i < nodes.size(); i++) {
            for (Value v : inputs(nodes.get(i))) {
                lastReader.merge(root(v), i, Math::max);
                readers.merge(root(v), 1, Integer::sum);
            }
        }
        wanted.forEach(v -> lastReader.put(root(v), Integer.MAX_VALUE));
        for (now = 0; now < nodes.size(); now++) {
            lower(nodes.get(now));
        }
    }

    // -------------------------------------------------------------------------------------------- what is needed

    /** The nodes that the wanted values and the losses need, in order; a loss stands for its product and both gradients. */
    private void choose(Graph graph, Collection<Value> wanted) {
        Map<Node, Node> insteadOf = new HashMap<>();
        losses.values().forEach(s -> {
            s.gradient().ifPresent(n -> insteadOf.put(n, s.loss()));
            s.productBack().ifPresent(n -> insteadOf.put(n, s.loss()));
        });
        Set<Node> needed = new LinkedHashSet<>(losses.keySet());
        List<Node> open = new ArrayList<>(losses.keySet());
        wanted.forEach(v -> open.add(insteadOf.getOrDefault(v.node(), v.node())));
        while (!open.isEmpty()) {
            Node n = open.removeLast();
            needed.add(n);
            for (Value v : inputs(n)) {
                Node from = insteadOf.getOrDefault(v.node(), v.node());
                if (!needed.contains(from)) {
                    open.add(from);
                }
            }
        }
        for (Node n : graph.nodes()) {
            if (needed.contains(n)) {
                nodes.add(n);
                if (n.op() instanceof Reshape || n.op() instanceof Cache) {
                    Value x = n.in().getFirst();
                    if (Fits.kind(x).equals(Fits.kind(n.value(0)))
                            && Fits.kind(x).sort() != Place.Sort.LOOSE
                            && !(x.node().op() instanceof Parameter)) {
                        same.put(n.value(0), root(x));
                    }
                }
                boolean rows = n.op() instanceof Input || n.in().stream().anyMatch(ofRows::contains);
                for (int i = 0; rows && i < n.out().size(); i++) {
                    ofRows.add(n.value(i));
                }
            }
        }
        insteadOf.keySet().forEach(n -> {
            for (int i = 0; i < n.out().size(); i++) {
                ofRows.add(n.value(i));
            }
        });
    }

    /** What a node reads; of a loss, what its steps read. */
    private List<Value> inputs(Node n) {
        LossSpec s = losses.get(n);
        Optional<List<Value>> read = Recurrences.inputs(n);
        if (read.isPresent()) {
            return read.get();
        }
        return s == null
                ? n.in()
                : List.of(s.product().map(p -> p.in().getFirst()).orElse(n.in().getFirst()));
    }

    private Value root(Value v) {
        return same.getOrDefault(v, v);
    }

    // ------------------------------------------------------------------------------------------------ places

    void emit(Step s, Place... touched) {
        emitAny(s, touched);
    }

    void emit(Unrolled s, Place... touched) {
        emitAny(s, touched);
    }

    private void emitAny(Object s, Place... touched) {
        for (Place p : touched) {
            p.lastUse = Math.max(p.lastUse, steps.size());
        }
        steps.add(s);
    }

    Place place(Value v) {
        Place p = Place.of(v, steps.size());
        all.add(p);
        places.put(root(v), p);
        return p;
    }

    /** A place of no value: room that steps need. */
    Place room(Place.Kind kind, int width) {
        Place p = new Place(kind, width, steps.size());
        all.add(p);
        return p;
    }

    Place in(Value v) {
        Value r = root(v);
        Waiting w = waiting.remove(r);
        if (w != null) {
            Place y = place(r);
            steps.add(new Products.Widen(w.weight));
            emit(new Products.Product(w.x, w.weight, w.bias, w.back, y, Optional.empty()), w.x, y);
            return y;
        }
        Place p = places.get(r);
        if (p == null && r.node().op() instanceof Input i && !i.type().integer()) {
            p = place(r);
            emit(new RowSteps.Given(i.input(), p), p);
        }
        return Objects.requireNonNull(p, () -> "no place for " + r.node());
    }

    /** Whether nobody reads a value after the present node. */
    private boolean dies(Value v) {
        return lastReader.getOrDefault(root(v), -1) <= now;
    }

    /** The place of an input that may be overwritten by the present node's result; whoever waits for it reads it before. */
    private Place over(Value v, Value result) {
        Place p = in(v);
        List<Value> late = waiting.entrySet().stream()
                .filter(e -> e.getValue().x == p)
                .map(Map.Entry::getKey)
                .toList();
        late.forEach(this::in);
        places.put(root(result), p);
        return p;
    }

    private Place result(Value v, Value... overwritable) {
        for (Value x : overwritable) {
            if (dies(x) && in(x).width == Place.of(v, 0).width && in(x).kind.equals(Fits.kind(v))) {
                return over(x, v);
            }
        }
        return place(v);
    }

    // ------------------------------------------------------------------------------------------------- nodes

    private void lower(Node n) {
        if (losses.containsKey(n)) {
            loss(Objects.requireNonNull(losses.get(n)));
            return;
        }
        if (n.op() instanceof Parameter || n.op() instanceof Input) {
            return;
        }
        Value y = n.value(0);
        if (same.containsKey(y) && Fits.rows(y)) {
            return;
        }
        if (n.out().stream().allMatch(t -> Place.Kind.of(t).sort() == Place.Sort.FIXED)) {
            fixed(n);
            return;
        }
        switch (n.op()) {
            case Composite c -> composite(n, c);
            case Primitive p -> primitive(n, p);
        }
    }

    private void composite(Node n, Composite c) {
        switch (c) {
            case Linear l -> product(n);
            case HeadsOut h -> product(n);
            case LayerNorm(double eps) -> norm(n, new RowSteps.Norm(false, eps, 0));
            case RmsNorm(double eps, double offset) -> norm(n, new RowSteps.Norm(true, eps, offset));
            case Attention a -> attend(n, a);
            case Rotary(boolean interleaved) -> rotate(n, interleaved, false);
            case Gate(Unary u) -> {
                Place x = in(n.in().get(0));
                Place up = in(n.in().get(1));
                Place y = place(n.value(0));
                emit(new RowSteps.Activate(u.activation().orElseThrow(), x, Optional.of(up), y), x, up, y);
            }
            case Slope(Unary u) -> {
                Place x = in(n.in().get(0));
                Place dy = in(n.in().get(1));
                Place dx = result(n.value(0), n.in().get(1));
                emit(new RowSteps.Slope(u.activation().orElseThrow(), x, dy, dx), x, dy, dx);
            }
            case Depthwise d -> {
                Place x = in(n.in().getFirst());
                Place y = place(n.value(0));
                emit(new GridSteps.Convolve(d.around(), x, Fits.parameter(n, 1), Fits.parameter(n, 2), y), x, y);
            }
            case WindowAttention a -> {
                WindowSteps.Heads h = windows(n, a);
                Place z = place(n.value(0));
                emit(new WindowSteps.Attend(h, z), h.q(), h.k(), h.v(), z);
            }
            case GradOf(Composite of, int inputs) -> back(n, of, inputs);
            case Lstm l -> recurrences.forward(n, l);
            case AdditiveAttention a -> recurrences.attend(n);
            default -> throw new IllegalStateException("no kernel for " + c);
        }
    }

    private WindowSteps.Heads windows(Node n, WindowAttention a) {
        int heads = n.in().getFirst().type().size(1);
        return new WindowSteps.Heads(
                a, heads, in(n.in().get(0)), in(n.in().get(1)), in(n.in().get(2)), Fits.parameter(n, 3));
    }

    private void product(Node n) {
        Place x = in(n.in().getFirst());
        waiting.put(n.value(0), new Waiting(x, Fits.parameter(n, 1), Fits.optional(n, 2), false));
    }

    private void norm(Node n, RowSteps.Norm norm) {
        Place x = in(n.in().getFirst());
        Place y = place(n.value(0));
        int width = n.in().getFirst().type().size(-1);
        emit(new RowSteps.Normalize(norm, x, Fits.parameter(n, 1), Fits.optional(n, 2), y, width), x, y);
    }

    private static AttentionSteps.Shape shape(List<Value> in, Attention a) {
        Type q = in.get(0).type();
        Type k = in.get(1).type();
        Type v = in.get(2).type();
        return new AttentionSteps.Shape(
                (float) a.scale(), a.causal(), a.window(), q.size(1), k.size(1), q.size(2), v.size(2));
    }

    private void attend(Node n, Attention a) {
        Place q = in(n.in().get(0));
        Place k = in(n.in().get(1));
        Place v = in(n.in().get(2));
        Place z = place(n.value(0));
        emit(new AttentionSteps.Attend(shape(n.in(), a), q, k, v, z), q, k, v, z);
    }

    private void rotate(Node n, boolean interleaved, boolean back) {
        Value turned = back ? n.in().get(3) : n.in().get(0);
        Place cos = in(n.in().get(1));
        Place sin = in(n.in().get(2));
        Place x = in(turned);
        Place y = result(n.value(0), turned);
        int size = turned.type().size(-1);
        emit(new RowSteps.Rotate(x, cos, sin, y, size, interleaved, back), x, cos, sin, y);
    }

    boolean read(Node n, int output) {
        return output < n.out().size() && lastReader.containsKey(root(n.value(output)));
    }

    Optional<Value> wantedSum(Node n, int output) {
        if (!read(n, output)) {
            return Optional.empty();
        }
        sum(n.value(output));
        return Optional.of(n.value(output));
    }

    private void back(Node n, Composite of, int inputs) {
        List<Value> in = n.in();
        Value dy = in.get(inputs);
        switch (of) {
            case Linear l -> productBack(n, inputs);
            case HeadsOut h -> productBack(n, inputs);
            case LayerNorm(double eps) -> normBack(n, new RowSteps.Norm(false, eps, 0), dy);
            case RmsNorm(double eps, double offset) -> normBack(n, new RowSteps.Norm(true, eps, offset), dy);
            case Attention a -> {
                Place q = in(in.get(0));
                Place k = in(in.get(1));
                Place v = in(in.get(2));
                Place dz = in(dy);
                Place dq = place(n.value(0));
                Place dk = place(n.value(1));
                Place dv = place(n.value(2));
                emit(new AttentionSteps.AttendBack(shape(in, a), q, k, v, dz, dq, dk, dv), q, k, v, dz, dq, dk, dv);
            }
            case Rotary(boolean interleaved) -> rotate(n, interleaved, true);
            case Lstm l -> recurrences.back(n, l, inputs);
            case AdditiveAttention a -> recurrences.attendBack(n);
            case Depthwise d -> {
                Place x = in(in.getFirst());
                Place d1 = in(dy);
                Optional<Place> dx = read(n, 0) ? Optional.of(place(n.value(0))) : Optional.empty();
                GridSteps.ConvolveBack step = new GridSteps.ConvolveBack(
                        d.around(), x, Fits.parameter(n, 1), d1, dx, wantedSum(n, 1), wantedSum(n, 2));
                emit(step, Stream.concat(Stream.of(x, d1), dx.stream()).toArray(Place[]::new));
                emit(step.sum());
            }
            case WindowAttention a -> {
                WindowSteps.Heads h = windows(n, a);
                Place dz = in(dy);
                Place dq = place(n.value(0));
                Place dk = place(n.value(1));
                Place dv = place(n.value(2));
                WindowSteps.AttendBack step = new WindowSteps.AttendBack(h, dz, dq, dk, dv, wantedSum(n, 3));
                emit(step, h.q(), h.k(), h.v(), dz, dq, dk, dv);
                emit(step.sum());
            }
            case Gate(Unary u) -> {
                Place gate = in(in.get(0));
                Place up = in(in.get(1));
                Place d = in(dy);
                Place dGate = place(n.value(0));
                Place dUp = place(n.value(1));
                emit(
                        new RowSteps.GateBack(u.activation().orElseThrow(), gate, up, d, dGate, dUp),
                        gate,
                        up,
                        d,
                        dGate,
                        dUp);
            }
            default -> throw new IllegalStateException("no kernel back through " + of);
        }
    }

    private void productBack(Node n, int inputs) {
        Place x = in(n.in().get(0));
        Place dy = in(n.in().get(inputs));
        wantedSum(n, 1).ifPresent(v -> emit(new Products.WeightGradient(x, dy, v), x, dy));
        if (inputs > 2) {
            wantedSum(n, 2).ifPresent(v -> emit(new Products.ColumnSum(dy, v), dy));
        }
        if (read(n, 0)) {
            waiting.put(n.value(0), new Waiting(dy, Fits.parameter(n, 1), Optional.empty(), true));
        }
    }

    private void normBack(Node n, RowSteps.Norm norm, Value dyValue) {
        Place x = in(n.in().getFirst());
        Place dy = in(dyValue);
        Place dx = result(n.value(0), dyValue);
        int width = n.in().getFirst().type().size(-1);
        RowSteps.NormalizeBack back = new RowSteps.NormalizeBack(
                norm, x, Fits.parameter(n, 1), dy, dx, wantedSum(n, 1), wantedSum(n, 2), width);
        emit(back, x, dy, dx);
        emit(back.sum(), x);
    }

    private void primitive(Node n, Primitive p) {
        Value y = n.value(0);
        if (p instanceof Binary b && b != Binary.DIVIDE && Fits.alike(n)) {
            binary(n, b);
        } else if (p instanceof Constant(double factor, double offset) && offset == 0 && Fits.rows(y)) {
            Place x = in(n.in().getFirst());
            Place to = result(y, n.in().getFirst());
            emit(new RowSteps.Scale(factor, x, to), x, to);
        } else if (p instanceof Unary u && Fits.rows(y) && u.activation().isPresent()) {
            Place x = in(n.in().getFirst());
            Place to = result(y, n.in().getFirst());
            emit(new RowSteps.Activate(u.activation().get(), x, Optional.empty(), to), x, to);
        } else if (p instanceof Dropout d && Fits.rows(y)) {
            Place x = in(n.in().getFirst());
            Place to = result(y, n.in().getFirst());
            emit(new RowSteps.Drop(d, x, to), x, to);
        } else if (p instanceof Gather && Fits.table(n) && Fits.rows(y)) {
            Place to = place(y);
            emit(
                    new RowSteps.Lookup(
                            Fits.parameter(n, 0), Fits.input(n.in().get(1)).orElseThrow(), to),
                    to);
        } else if (p instanceof Filled(double value, List<Dim> dims) && Fits.rows(y)) {
            Place to = place(y);
            emit(new RowSteps.Fill(value, to), to);
        } else if (p instanceof RopeTable(RopeFrequencies f)
                && Fits.rows(y)
                && Fits.input(n.in().getFirst()).isPresent()) {
            Place cos = place(y);
            Place sin = place(n.value(1));
            emit(new RopeRows(f, Fits.input(n.in().getFirst()).orElseThrow(), cos, sin), cos, sin);
        } else if (p instanceof Gather && Fits.rows(y) && Fits.rows(n.in().get(0)) && isCounted(n.in().get(1))) {
            Place x = in(n.in().get(0));
            Place to = place(y);
            String numbers = Fits.input(n.in().get(1)).orElseThrow();
            emit(new RowSteps.Counted(x, to, numbers, false), x, to);
        } else if (p instanceof Scatter && Fits.rows(y) && Fits.rows(n.in().get(0)) && isCounted(n.in().get(1))) {
            Place x = in(n.in().get(0));
            Place to = place(y);
            String numbers = Fits.input(n.in().get(1)).orElseThrow();
            emit(new RowSteps.Counted(to, x, numbers, true), x, to);
        } else if (p instanceof First || p instanceof PutFirst) {
            Place x = in(n.in().getFirst());
            Place to = place(y);
            emit(p instanceof First ? new RowSteps.First(x, to, false) : new RowSteps.First(to, x, true), x, to);
        } else if (p instanceof Concat && Fits.flat(y) && n.in().stream().allMatch(Fits::flat)) {
            List<Place> parts = n.in().stream().map(this::in).toList();
            Place to = place(y);
            int at = 0;
            for (Place x : parts) {
                emit(new RowSteps.Columns(x, 0, to, at, x.width), x, to);
                at += x.width;
            }
        } else if (p instanceof Slice(int from, int end) && Fits.flat(y) && Fits.flat(n.in().getFirst())) {
            Place x = in(n.in().getFirst());
            Place to = place(y);
            emit(new RowSteps.Columns(x, from, to, 0, end - from), x, to);
        } else if (p instanceof Pick(Picking how, List<Dim> from, List<Dim> to)
                && Fits.rows(y)
                && Fits.rows(n.in().getFirst())) {
            Place x = in(n.in().getFirst());
            Place out = place(y);
            emit(new GridSteps.Picked(how, GridSteps.width(n.in().getFirst().type(), from.size()), x, out), x, out);
        } else if (p instanceof Unpick(Picking how, List<Dim> from, List<Dim> to)
                && Fits.rows(y)
                && Fits.rows(n.in().getFirst())) {
            Place x = in(n.in().getFirst());
            Place out = place(y);
            emit(new GridSteps.Unpicked(how, GridSteps.width(n.in().getFirst().type(), to.size()), x, out), x, out);
        } else if (p == Binary.MULTIPLY && Fits.byVector(n)) {
            Place x = in(n.in().getFirst());
            Place to = result(y, n.in().getFirst());
            emit(new GridSteps.ByVector(x, Fits.parameter(n, 1), to), x, to);
        } else if (p instanceof Choose(int at) && Fits.chooses(n)) {
            Place x = in(n.in().get(2));
            Place to = place(y);
            Op by = n.in().get(1).node().op();
            Optional<Parameter> vector = by instanceof Parameter v ? Optional.of(v) : Optional.empty();
            emit(new RowSteps.Choose(Fits.input(n.in().get(0)).orElseThrow(), at, vector, x, to), x, to);
        } else {
            generic(n, GenericStep.When.EACH);
        }
    }

    private static boolean isCounted(Value numbers) {
        return Fits.input(numbers).isPresent() && Fits.kind(numbers).equals(Place.Kind.COUNTED);
    }

    private void binary(Node n, Binary op) {
        Value a = n.in().get(0);
        Value b = n.in().get(1);
        Value y = n.value(0);
        if (op == Binary.ADD && !root(a).equals(root(b))) {
            if (waits(b)) {
                added(b, a, y);
                return;
            }
            if (waits(a)) {
                added(a, b, y);
                return;
            }
        }
        Place x = in(a);
        Place z = in(b);
        Place to = op == Binary.SUBTRACT ? result(y, a) : result(y, a, b);
        emit(new RowSteps.Zip(op, x, z, to), x, z, to);
    }

    private boolean waits(Value v) {
        return waiting.containsKey(root(v)) && readers.getOrDefault(root(v), 0) == 1;
    }

    /** A product that is added to another value where that lies, or to a copy of it. */
    private void added(Value product, Value other, Value y) {
        Place o = in(other);
        Waiting w = Objects.requireNonNull(waiting.remove(root(product)));
        boolean free = dies(other) && w.x != o;
        Place to = free ? over(other, y) : place(y);
        steps.add(new Products.Widen(w.weight));
        emit(new Products.Product(w.x, w.weight, w.bias, w.back, to, Optional.of(o)), w.x, o, to);
    }

    private void generic(Node n, GenericStep.When when) {
        Map<Value, Place> used = new HashMap<>();
        List<Place> touched = new ArrayList<>();
        for (Value v : n.in()) {
            Op op = v.node().op();
            if (op instanceof Parameter || op instanceof Input) {
                continue;
            }
            if (Fits.rows(v)) {
                Place p = in(v);
                used.put(v, p);
                touched.add(p);
            } else if (Fits.kind(v).sort() == Place.Sort.FIXED) {
                used.put(v, Place.of(v, 0));
            }
        }
        for (int i = 0; i < n.out().size(); i++) {
            Value y = n.value(i);
            if (Fits.kind(y).sort() == Place.Sort.FIXED) {
                sum(y);
                used.put(y, Place.of(y, 0));
            } else if (Fits.rows(y)) {
                Place p = place(y);
                used.put(y, p);
                touched.add(p);
            }
        }
        GenericStep s = new GenericStep(n, used, when);
        emit(s, touched.toArray(Place[]::new));
    }

    // -------------------------------------------------------------------------------------------- sums over rows

    private void sum(Value v) {
        sums.putIfAbsent(v, v);
    }

    private Value sumOf(Value v) {
        Value s = sums.getOrDefault(v, v);
        return s.equals(v) ? v : sumOf(s);
    }

    private void fixed(Node n) {
        Value y = n.value(0);
        boolean rows = n.in().stream().anyMatch(Fits::rowsOrLoose);
        if (n.op() instanceof Reduce(boolean mean, int axis, String words)
                && !mean
                && axis == 0
                && Fits.rows(n.in().getFirst())
                && n.in().getFirst().type().rank() == 2) {
            sum(y);
            Place dy = in(n.in().getFirst());
            emit(new Products.ColumnSum(dy, y), dy);
        } else if (n.op() instanceof Scatter && Fits.scattersToInput(n)) {
            sum(y);
            Place dy = in(n.in().get(0));
            emit(new RowSteps.Scatter(dy, Fits.input(n.in().get(1)).orElseThrow(), y), dy);
        } else if (rows) {
            generic(n, GenericStep.When.EACH);
        } else if (!ofRows.contains(y)) {
            once(n, before);
        } else if (n.op() == Binary.ADD
                && mine(n.in().get(0))
                && mine(n.in().get(1))
                && !n.in().get(0).equals(n.in().get(1))) {
            sum(y);
            sums.put(sumOf(n.in().get(0)), y);
            sums.put(sumOf(n.in().get(1)), y);
        } else if (n.op() instanceof Reshape && mine(n.in().getFirst())) {
            sum(y);
            sums.put(sumOf(n.in().getFirst()), y);
        } else {
            once(n, after);
        }
    }

    /** Whether a sum may be the same memory as what it becomes: it is added to only, and read by the present node only. */
    private boolean mine(Value v) {
        return sums.containsKey(v) && ofRows.contains(v) && readers.getOrDefault(root(v), 0) == 1 && dies(v);
    }

    private void once(Node n, List<Step> where) {
        Map<Value, Place> used = new HashMap<>();
        n.in().forEach(v -> used.put(v, Place.of(v, 0)));
        for (int i = 0; i < n.out().size(); i++) {
            sum(n.value(i));
            used.put(n.value(i), Place.of(n.value(i), 0));
        }
        where.add(new GenericStep(n, used, GenericStep.When.ONCE));
    }

    // -------------------------------------------------------------------------------------------------- losses

    private void loss(LossSpec s) {
        Node from = s.product().orElse(s.loss());
        Place x = in(from.in().getFirst());
        Type logits = s.loss().in().getFirst().type();
        Optional<Node> back = s.productBack().or(s::gradient);
        Optional<Place> dx = back.filter(b -> read(b, 0)).map(b -> place(b.value(0)));
        boolean product = s.product().isPresent();
        LossSteps loss = new LossSteps(
                x,
                product ? Optional.of(Fits.parameter(from, 1)) : Optional.empty(),
                product ? Fits.optional(from, 2) : Optional.empty(),
                logits.size(1),
                s.labels(),
                s.weights(),
                s.smoothing(),
                dx,
                s.productBack().flatMap(b -> wantedSum(b, 1)),
                s.productBack().flatMap(b -> wantedSum(b, 2)));
        x.lastUse = Math.max(x.lastUse, steps.size());
        dx.ifPresent(p -> p.lastUse = Math.max(p.lastUse, steps.size()));
        steps.add(loss);
    }

    /** Gives every value of rows its place; returns the floats of a row of each kind. */
    Map<Place.Kind, Integer> assign() {
        return Place.assign(all);
    }
}
