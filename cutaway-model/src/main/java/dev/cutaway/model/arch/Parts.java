package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.SoftCap;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.WeightSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The parts that architectures are assembled from. Every method appends nodes and gives values their public names; which
 * weights and constants, the architecture says.
 */
public final class Parts {
    private final GraphBuilder g;
    private final String prefix;
    private final Space rows;
    private final Space keys;
    private final int width;
    private final Map<WeightSource, Value> weights;
    private final Map<RopeFrequencies, List<Value>> angles = new HashMap<>();

    private Parts(GraphBuilder g, String prefix, Space rows, Space keys, int width, Map<WeightSource, Value> weights) {
        this.g = g;
        this.prefix = prefix;
        this.rows = rows;
        this.keys = keys;
        this.width = width;
        this.weights = weights;
    }

    /** Parts of the only stack, or of the decoder of two. */
    public static Parts of(GraphBuilder g, String prefix, int width) {
        return new Parts(g, prefix, Space.ROWS, Space.KEYS, width, new HashMap<>());
    }

    /** Parts of an encoder whose rows are the source; shares this one's weights. */
    public Parts source(String sourcePrefix) {
        return new Parts(g, sourcePrefix, Space.SOURCE, Space.SOURCE, width, weights);
    }

    /** Parts of a later stage, which is as wide as that; shares this one's weights. */
    public Parts ofWidth(int other) {
        return new Parts(g, prefix, rows, keys, other, weights);
    }

    /** The graph's builder, for what is particular to an architecture. */
    public GraphBuilder graph() {
        return g;
    }

    /** The axis of rows. */
    public Dim rows() {
        return Dim.of(rows);
    }

    /** An integer input of the rows ({@code tokens}, {@code position}, {@code token_type_ids}). */
    public Value ints(String name) {
        return g.input(rows.equals(Space.SOURCE) ? "source " + name : name, Type.integers(rows()));
    }

    private Value keyIndex() {
        return keys.equals(Space.SOURCE) ? ints("row") : g.input("key", Type.integers(Dim.of(keys)));
    }

    /** Names a value below this stack's prefix. */
    public Value name(String name, Value v) {
        return g.name(prefix + name, v);
    }

    /** A weight; the same one twice is one parameter. */
    public Value weight(WeightSource source, Dim... dims) {
        return weights.computeIfAbsent(source, s -> g.add(new Parameter(s, List.of(dims))));
    }

    public Value weight(String name, Dim... dims) {
        return weight(WeightSource.whole(name), dims);
    }

    /** A tensor of the checkpoint that is never trained. */
    public Value constant(String name, Dim... dims) {
        return weights.computeIfAbsent(WeightSource.whole(name), s -> g.add(new Parameter(s, List.of(dims), true)));
    }

    /** An axis as wide as the stream. */
    public Dim width() {
        return Dim.of("width", width);
    }

    /** Rows of a table {@code [n, width]} by an integer input. */
    public Value lookup(String table, String axis, int n, Value ids) {
        return lookup(new Gather(), table, axis, n, ids);
    }

    /** As {@link #lookup(String, String, int, Value)}, with a row that is not trained by being looked up. */
    public Value lookup(Gather how, String table, String axis, int n, Value ids) {
        return g.add(how, weight(table, Dim.of(axis, n), width()), ids);
    }

    /** {@code x W^T + b}: {@code [row, in]} to {@code [row, out]}. */
    public Value linear(Value x, Weight w, String outAxis, int out) {
        Dim to = Dim.of(outAxis, out);
        Value m = weight(w.matrix(), to, x.type().dim(-1));
        return w.bias().map(b -> g.add(new Linear(), x, m, weight(b, to))).orElseGet(() -> g.add(new Linear(), x, m));
    }

    /** A norm with gain {@code NAME.weight} (and bias {@code NAME.bias}); its inner values are named below {@code scope}. */
    public Value norm(String scope, Norm n, Value x, String name) {
        Dim w = x.type().dim(-1);
        Value gain = weight(name + ".weight", w);
        String full = scope.isEmpty() ? "" : prefix + scope;
        return n.bias()
                ? g.addScoped(full, n.op(), x, gain, weight(name + ".bias", w))
                : g.addScoped(full, n.op(), x, gain);
    }

    /** {@code a + b}. */
    public Value sum(Value a, Value b) {
        return g.add(Binary.ADD, a, b);
    }

    /** {@code a + b}, named. */
    public Value add(String name, Value a, Value b) {
        return name(name, g.add(Binary.ADD, a, b));
    }

    /** {@code factor * x}. */
    public Value scale(Value x, double factor) {
        return g.add(Constant.scale(factor), x);
    }

    /** Begins block i: names what enters it. */
    public String beginBlock(int i, Value residual) {
        g.beginBlock(residual);
        String block = "blocks." + i + ".";
        name(block + "hook_resid_pre", residual);
        return block;
    }

    /**
     * How attention is put together.
     *
     * @param heads query heads
     * @param shared key and value heads
     * @param size elements of a head
     * @param q query projection
     * @param k key projection
     * @param v value projection
     * @param o output projection
     * @param op scale, mask and soft cap
     * @param rope rotary positions, if any
     * @param norms query and key norm, if any
     * @param bias added to the scores, if any: {@code [head, row, key]}
     */
    public record Heads(
            int heads,
            int shared,
            int size,
            Weight q,
            Weight k,
            Weight v,
            Weight o,
            Attention op,
            Optional<RopeFrequencies> rope,
            Optional<HeadNorms> norms,
            Optional<Value> bias) {
        /** Attention without rotation, norms or bias. */
        public static Heads plain(
                int heads, int shared, int size, Weight q, Weight k, Weight v, Weight o, Attention op) {
            return new Heads(heads, shared, size, q, k, v, o, op, Optional.empty(), Optional.empty(), Optional.empty());
        }

        public Heads rotated(RopeFrequencies rope) {
            return new Heads(heads, shared, size, q, k, v, o, op, Optional.of(rope), norms, bias);
        }

        public Heads normed(HeadNorms n) {
            return new Heads(heads, shared, size, q, k, v, o, op, rope, Optional.of(n), bias);
        }

        public Heads biased(Value b) {
            return new Heads(heads, shared, size, q, k, v, o, op, rope, norms, Optional.of(b));
        }
    }

    /**
     * Norms of queries and keys.
     *
     * @param norm which norm
     * @param query the query norm's name
     * @param key the key norm's name
     * @param perHead whether each head is normed by itself (Qwen 3, Gemma 3), or all heads together (OLMo 2)
     */
    public record HeadNorms(Norm norm, String query, String key, boolean perHead) {}

    /** Self-attention of a block ({@code blocks.3.}): from the normed stream to what the heads write, output bias included. */
    public Value attention(String block, Value x, Heads h) {
        String at = block + "attn.";
        Value q = name(at + "hook_q", heads(linear(x, h.q, "heads", h.heads * h.size), h.heads, h.size));
        Value k = name(at + "hook_k", heads(linear(x, h.k, "key heads", h.shared * h.size), h.shared, h.size));
        Value v = name(at + "hook_v", heads(linear(x, h.v, "key heads", h.shared * h.size), h.shared, h.size));
        if (h.norms.isPresent()) {
            HeadNorms n = h.norms.get();
            q = headNorm(at + "q_norm.", n, n.query, q);
            k = headNorm(at + "k_norm.", n, n.key, k);
        }
        if (h.rope.isPresent()) {
            q = rotate(q, h.rope.get());
            k = rotate(k, h.rope.get());
        }
        if (h.rope.isPresent() || h.norms.isPresent()) {
            name(at + "hook_rot_q", q);
            name(at + "hook_rot_k", k);
        }
        Value keyState = g.add(new Cache(prefix + at + "k", keys), k);
        Value valueState = g.add(new Cache(prefix + at + "v", keys), v);
        return mix(at, h, q, keyState, valueState, keyIndex());
    }

    /** Cross-attention: queries from x, keys and values from the encoder's output; those are computed once per source. */
    public Value crossAttention(String block, Value x, Value memory, Heads h) {
        String at = block + "cross_attn.";
        Value q = name(at + "hook_q", heads(linear(x, h.q, "heads", h.heads * h.size), h.heads, h.size));
        Value k = name(at + "hook_k", heads(linear(memory, h.k, "key heads", h.shared * h.size), h.shared, h.size));
        Value v = name(at + "hook_v", heads(linear(memory, h.v, "key heads", h.shared * h.size), h.shared, h.size));
        Value keyState = g.add(new Cache(prefix + at + "k", Space.SOURCE), k);
        Value valueState = g.add(new Cache(prefix + at + "v", Space.SOURCE), v);
        Value index = g.input("source row", Type.integers(Dim.of(Space.SOURCE)));
        return mix(at, h, q, keyState, valueState, index);
    }

    private Value mix(String at, Heads h, Value q, Value k, Value v, Value keyIndex) {
        Value row = ints("row");
        Value z = h.bias.map(b -> g.addScoped(prefix + at, h.op, q, k, v, row, keyIndex, b))
                .orElseGet(() -> g.addScoped(prefix + at, h.op, q, k, v, row, keyIndex));
        Value w = weight(h.o.matrix(), width(), Dim.of("heads", h.heads * h.size));
        return h.o.bias()
                .map(b -> g.addScoped(prefix + at, new HeadsOut(), z, w, weight(b, width())))
                .orElseGet(() -> g.addScoped(prefix + at, new HeadsOut(), z, w));
    }

    private Value heads(Value x, int n, int size) {
        return g.add(Reshape.to(x.type().dim(0), Dim.of("head", n), Dim.of("head size", size)), x);
    }

    private Value headNorm(String scope, HeadNorms n, String name, Value x) {
        if (n.perHead) {
            return norm(scope, n.norm, x, name);
        }
        int heads = x.type().size(1);
        int size = x.type().size(2);
        Value flat = g.add(Reshape.to(x.type().dim(0), Dim.of("heads", heads * size)), x);
        return heads(norm(scope, n.norm, flat, name), heads, size);
    }

    private Value rotate(Value x, RopeFrequencies rope) {
        List<Value> table = angles.get(rope);
        if (table == null) {
            throw new IllegalStateException("rotary positions must be prepared with angles() before the first block");
        }
        return g.add(new Rotary(false), x, table.get(0), table.get(1));
    }

    /** Computes the cosines and sines of a rotation once, before the first block. */
    public RopeFrequencies angles(RopeFrequencies rope) {
        angles.computeIfAbsent(rope, r -> {
            var n = g.addAll(new RopeTable(r), List.of(ints("position")), "");
            return List.of(n.value(0), n.value(1));
        });
        return rope;
    }

    /** The final norm and the unembedding: names {@code ln_final.*} and {@code logits}. */
    public Value logits(Value x, Norm n, String norm, Weight unembed, int vocabulary, double softCap) {
        g.endBlocks();
        Value normed = norm("ln_final.", n, x, norm);
        Value logits = linear(normed, unembed, "token", vocabulary);
        return g.name("logits", softCap > 0 ? g.add(new SoftCap(softCap), logits) : logits);
    }

    /** A plain feed-forward layer: {@code down(f(up(x)))}. */
    public Value mlp(String block, Value x, Unary f, int hidden, Weight up, Weight down) {
        Value pre = name(block + "mlp.hook_pre", linear(x, up, "neuron", hidden));
        Value post = name(block + "mlp.hook_post", g.add(f, pre));
        return linear(post, down, "width", width);
    }

    /** A gated feed-forward layer: {@code down(f(gate(x)) * up(x))}. */
    public Value gatedMlp(String block, Value x, Unary f, int hidden, Weight gate, Weight up, Weight down) {
        Value pre = name(block + "mlp.hook_pre", linear(x, gate, "neuron", hidden));
        Value value = name(block + "mlp.hook_pre_linear", linear(x, up, "neuron", hidden));
        Value post = name(block + "mlp.hook_post", g.add(new Gate(f), pre, value));
        return linear(post, down, "width", width);
    }

    /** Applies an operation whose inner values are named below a scope of this stack. */
    public Node scoped(String scope, Op op, Value... in) {
        return g.addAll(op, List.of(in), prefix + scope);
    }

    /** Applies any operation. */
    public Value apply(Op op, Value... in) {
        return g.add(op, in);
    }
}
