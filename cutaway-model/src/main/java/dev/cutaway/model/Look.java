package dev.cutaway.model;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Edit;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Explainer;
import dev.cutaway.graph.look.Explanation;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Everything inside a model, for the tokens that a session holds: any tensor of the probe vocabulary, computed from the
 * session's recording when it is asked for; where each number comes from; and what happens if one is changed.
 *
 * <p>Immutable: {@link #replace} and {@link #ablate} return another look. Valid until the session runs again. For the session's
 * thread.
 */
public final class Look {
    private final Session session;
    private final Graph opened;
    private final int length;
    private final Map<Value, Edit> edits;
    private final Recorded given;
    private final Derived derived;

    private Look(Session session, Map<Value, Edit> edits) {
        this.session = session;
        this.opened = session.model().graph().opened();
        this.length = session.length();
        this.edits = edits;
        this.given = new Recorded(session, opened, edits);
        this.derived = new Derived(this, session.model());
    }

    static Look of(Session s) {
        return new Look(s, Map.of());
    }

    Session session() {
        return session;
    }

    /** Positions that can be looked at. */
    public int length() {
        return length;
    }

    /** All tensors, in the order of computation; computes nothing. */
    public List<TensorInfo> list() {
        List<TensorInfo> out = new ArrayList<>();
        if (session.model().family() != Family.VISION) {
            out.add(new TensorInfo(
                    "tokens", List.of("batch", "position"), List.of(1L, (long) length), Names.meaning("tokens")));
        }
        opened.names().entrySet().stream()
                .sorted(java.util.Comparator.comparingInt(
                        e -> e.getValue().node().id()))
                .forEach(e -> out.add(info(e.getKey(), e.getValue())));
        out.addAll(derived.list());
        return out;
    }

    private TensorInfo info(String name, Value v) {
        List<String> dims = new ArrayList<>(List.of("batch"));
        List<Long> sizes = new ArrayList<>(List.of(1L));
        long[] shape = v.type().shape(whole());
        for (int i = 0; i < shape.length; i++) {
            Dim d = v.type().dim(i);
            if (!(d instanceof Dim.Rows(Space s) && s.equals(Space.SEQUENCES))) {
                dims.add(label(v.type(), i));
                sizes.add(shape[i]);
            }
        }
        return new TensorInfo(name, dims, sizes, Names.meaning(name));
    }

    private static String label(Type t, int axis) {
        Dim d = t.dim(axis);
        boolean square = t.rank() == 3 && t.dim(1) instanceof Dim.Rows && t.dim(2) instanceof Dim.Rows;
        return square && axis == 1 ? "query" : square && axis == 2 ? "key" : d.label();
    }

    /** Sizes for all tokens at hand. */
    Binding whole() {
        return binding(length);
    }

    private Binding binding(int rows) {
        return session.sourceLength() > 0
                ? Binding.rows(rows, length, session.sourceLength())
                : Binding.rows(rows, length);
    }

    /** Whether there is such a tensor. */
    public boolean has(String name) {
        return name.equals("tokens") || opened.names().containsKey(name) || derived.has(name);
    }

    /**
     * A tensor, whole, float32 (ids int32), with a leading batch axis of 1.
     *
     * @throws UsageException if there is no tensor of this name
     */
    public Tensor value(String name) {
        return value(name, 0, length);
    }

    /** Only positions {@code from} to {@code to} (queries of a pattern); keys are always all. */
    public Tensor value(String name, int from, int to) {
        return value(name, from, to, () -> false);
    }

    /**
     * Only positions {@code from} to {@code to}.
     *
     * @param cancelled asked while computing; {@link java.util.concurrent.CancellationException} if it says so
     */
    public Tensor value(String name, int from, int to, BooleanSupplier cancelled) {
        if (from < 0 || to > length || from >= to) {
            throw new UsageException("positions " + from + " to " + to + " are outside 0 to " + length);
        }
        if (name.equals("tokens")) {
            return Tensor.ofInts(session.ints("tokens", from, to), 1, to - from);
        }
        if (derived.has(name)) {
            return derived.value(name, from, to, cancelled);
        }
        Value v = require(name);
        Tensor t = rows(v, from, to, cancelled);
        return pooled(v) ? t : withBatch(t);
    }

    static Tensor withBatch(Tensor t) {
        return t.reshape(batched(t.shape()));
    }

    /** Computes several tensors in one go, as far as they exist: what they share is computed once. They are kept for who asks next. */
    void prepare(List<String> names, int from, int to, BooleanSupplier cancelled) {
        boolean alone = edits.isEmpty() && session.state().recording();
        int first = alone ? from : 0;
        int end = alone ? to : length;
        List<Value> missing = names.stream()
                .flatMap(n -> opened.named(n).stream())
                .distinct()
                .filter(v -> given.kept(v, first, end).isEmpty())
                .toList();
        if (missing.size() > 1) {
            new Evaluator(opened, binding(end - first), given.at(first, end), edits)
                    .evaluate(missing, cancelled)
                    .forEach((v, t) -> given.keep(v, first, end, t));
        }
    }

    private static boolean pooled(Value v) {
        return v.type().dim(0) instanceof Dim.Rows(Space s) && s.equals(Space.SEQUENCES);
    }

    private static long[] batched(long[] shape) {
        long[] s = new long[shape.length + 1];
        s[0] = 1;
        System.arraycopy(shape, 0, s, 1, shape.length);
        return s;
    }

    Value require(String name) {
        return opened.named(name)
                .orElseThrow(() -> new UsageException("no tensor '" + name + "'; the nearest is '"
                        + Nearest.of(name, opened.names().keySet()) + "' (--list shows all)"));
    }

    Given given(int from, int to) {
        return given.at(from, to);
    }

    Graph opened() {
        return opened;
    }

    /** Rows of a value, without batch axis. */
    Tensor rows(Value v, int from, int to, BooleanSupplier cancelled) {
        boolean everything = from == 0 && to == length;
        if (everything || !edits.isEmpty() || !byRow(v) || !session.state().recording()) {
            Tensor t = given.kept(v, 0, length).orElseGet(() -> evaluate(v, whole(), 0, length, cancelled));
            return everything ? t : cut(v, t, from, to);
        }
        return given.kept(v, from, to).orElseGet(() -> evaluate(v, binding(to - from), from, to, cancelled));
    }

    private Tensor evaluate(Value v, Binding b, int from, int to, BooleanSupplier cancelled) {
        Evaluator e = new Evaluator(opened, b, given.at(from, to), edits);
        Tensor t = java.util.Objects.requireNonNull(
                e.evaluate(List.of(v), cancelled).get(v));
        given.keep(v, from, to, t);
        return t;
    }

    /** Whether rows of the value can be computed by themselves. */
    private static boolean byRow(Value v) {
        return v.type().dims().stream().anyMatch(d -> d.equals(Dim.of(Space.ROWS)));
    }

    private static Tensor cut(Value v, Tensor t, int from, int to) {
        int axis = v.type().dims().indexOf(Dim.of(Space.ROWS));
        return axis < 0 ? t : t.slice(axis, from, to);
    }

    /**
     * Where one element comes from.
     *
     * @param name a probe name, a weight's name in the checkpoint, or {@code %12} as an explanation gave it
     * @param index the element; with its batch index unless it is a weight
     * @throws UsageException if there is no such tensor or element
     */
    public Explanation explain(String name, long... index) {
        Optional<Tensor> weight = opened.named(name).isPresent()
                ? Optional.empty()
                : session.model().weights().raw(name);
        if (weight.isPresent()) {
            return weight(name, weight.get(), index);
        }
        if (derived.has(name)) {
            return derived.explain(name, index);
        }
        Value v = name.startsWith("%") ? inner(name) : require(name);
        return explain(name, v, pooled(v) ? index : Arrays.copyOfRange(index, Math.min(1, index.length), index.length));
    }

    /** Explains an element of a value, by its index without batch axis. */
    Explanation explain(String name, Value v, long[] index) {
        try {
            return new Explainer(opened, x -> rows(x, 0, length, () -> false), whole(), given).explain(name, v, index);
        } catch (IllegalArgumentException x) {
            throw new UsageException(String.valueOf(x.getMessage()));
        }
    }

    private Value inner(String name) {
        String[] parts = name.substring(1).split("\\.", 2);
        try {
            return opened.nodes()
                    .get(Integer.parseInt(parts[0]))
                    .value(parts.length > 1 ? Integer.parseInt(parts[1]) : 0);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new UsageException("no inner value '" + name + "'");
        }
    }

    /**
     * How the file keeps a weight; empty if the name is no weight's, or its format keeps each number by itself.
     *
     * @param name as in the checkpoint
     * @throws UsageException if there is no such element
     */
    public Optional<StoredWeight> stored(String name, long... index) {
        ModelWeights weights = session.model().weights();
        return opened.named(name).isPresent()
                ? Optional.empty()
                : weights.raw(name)
                        .flatMap(t ->
                                weights.stored(weights.find(name).orElse(name), t, element(name, t.shape(), index)));
    }

    private static long element(String name, long[] shape, long[] index) {
        if (index.length != shape.length) {
            throw new UsageException(name + " has the axes " + Arrays.toString(shape) + "; give as many indices");
        }
        for (int i = 0; i < shape.length; i++) {
            if (index[i] < 0 || index[i] >= shape[i]) {
                throw new UsageException(name + ": index " + index[i] + " is outside 0 to " + (shape[i] - 1));
            }
        }
        return ModelWeights.flat(index, shape);
    }

    private Explanation weight(String name, Tensor t, long[] index) {
        long flat = element(name, t.shape(), index);
        float x = t.get(flat);
        String found = session.model().weights().find(name).orElse(name);
        return new Explanation(
                name,
                Arrays.stream(index).boxed().toList(),
                x,
                session.model().weights().detail(found, t, flat),
                "w",
                true,
                List.of(),
                x);
    }

    /**
     * The same tokens with one tensor replaced.
     *
     * @param value its new value, with batch axis
     */
    public Look replace(String name, Tensor value) {
        Value v = require(name);
        return with(v, computed -> {
            if (value.size() != computed.size()) {
                throw new UsageException("the replacement of " + name + " has shape " + Arrays.toString(value.shape())
                        + "; it must have " + Arrays.toString(batched(computed.shape())));
            }
            return value.widen().reshape(computed.shape());
        });
    }

    /** The same tokens with parts of tensors set to zero. */
    public Look ablate(Slice... parts) {
        Look look = this;
        for (Slice s : parts) {
            Value v = require(s.name());
            look = look.with(v, t -> s.zeroed(t, pooled(v) ? t.shape() : batched(t.shape())));
        }
        return look;
    }

    /** The same tokens with parts of tensors set to their mean over this input's positions. */
    public Look ablateMean(Slice... parts) {
        Look look = this;
        for (Slice s : parts) {
            Value v = require(s.name());
            int axis = v.type().dims().indexOf(Dim.of(Space.ROWS));
            if (axis < 0) {
                throw new UsageException(s.name() + " has no position axis to take the mean over");
            }
            look = look.with(v, t -> s.averaged(t, batched(t.shape()), axis + 1));
        }
        return look;
    }

    /** Whether anything was replaced or ablated. */
    public boolean edited() {
        return !edits.isEmpty();
    }

    /** The last block that an intervention touches; -1 if it touches what comes before the first. */
    int lastEditedBlock() {
        return edits.keySet().stream().mapToInt(v -> v.node().block()).max().orElse(-1);
    }

    /** The first block that an intervention touches. */
    int firstEditedBlock() {
        return edits.keySet().stream().mapToInt(v -> v.node().block()).min().orElse(-1);
    }

    /** What enters a block here, {@code [row, width]}. */
    Tensor blockInput(int block) {
        return rows(opened.blockInputs().get(block), 0, length, () -> false);
    }

    /** What the state nodes of a block hold here, by name: {@code [key, head, size]}. */
    Map<String, Tensor> states(int block) {
        Map<String, Tensor> out = new HashMap<>();
        opened.nodes().stream()
                .filter(n -> n.block() == block && n.op() instanceof Cache)
                .forEach(n -> out.put(((Cache) n.op()).state(), rows(n.value(0), 0, length, () -> false)));
        return out;
    }

    private Look with(Value v, Edit edit) {
        Map<Value, Edit> all = new HashMap<>(edits);
        all.merge(v, edit, (a, b) -> t -> b.apply(a.apply(t)));
        return new Look(session, all);
    }
}
