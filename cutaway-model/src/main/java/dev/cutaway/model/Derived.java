package dev.cutaway.model;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Explanation;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Quantities that pictures show and that are no step of the model, computed from values that are: norms of the stream and of
 * writes, writes by source token, logits that each write adds, and the logit lens. For models with one stack of blocks and a
 * vocabulary.
 *
 * <p>"Logits added" follow direct logit attribution (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"):
 * the final norm's scale is held at its true value, so that embedding, writes and biases sum to the logit (before a soft cap).
 */
final class Derived {
    private static final int RANKS = 3;
    private static final Map<String, String> PER_BLOCK = new java.util.LinkedHashMap<>();

    static {
        PER_BLOCK.put("resid_pre_norm", "length of the stream as it enters the block");
        PER_BLOCK.put("resid_mid_norm", "length of the stream between attention and feed-forward layer");
        PER_BLOCK.put("resid_post_norm", "length of the stream as it leaves the block");
        PER_BLOCK.put("attn_out_norm", "length of what attention adds");
        PER_BLOCK.put("mlp_out_norm", "length of what the feed-forward layer adds");
        PER_BLOCK.put("attn_write_by_source", "length of what attention adds from each key, summed over heads");
        PER_BLOCK.put("attn_logits", "logits that attention adds to the position's own next token");
        PER_BLOCK.put("mlp_logits", "logits that the feed-forward layer adds to the position's own next token");
        PER_BLOCK.put("head_logits", "logits that each head adds to the position's own next token");
        PER_BLOCK.put("neuron_logits", "logits that each neuron adds to the position's own next token");
        PER_BLOCK.put("lens_token", "likeliest tokens if the model stopped after this block");
        PER_BLOCK.put("lens_probability", "their probabilities");
    }

    private static final Map<String, String> WHOLE = Map.of(
            "embed_logits", "logits that the embedding adds to the position's own next token",
            "prediction_token", "likeliest next tokens",
            "prediction_probability", "their probabilities",
            "logits_by_writer", "logits, explained by who wrote them");

    private final Look look;
    private final Model model;
    private final Optional<Tail> tail;
    private final Map<List<Integer>, int[]> targets = new HashMap<>();

    /** What lies behind the last block: the norm, its gain, the unembedding. */
    private record Tail(Value stream, boolean centred, Parameter gain, double gainOffset, Parameter unembed) {}

    Derived(Look look, Model model) {
        this.look = look;
        this.model = model;
        this.tail = model.family() == Family.DECODER ? tail(model.graph()) : Optional.empty();
    }

    private static Optional<Tail> tail(Graph g) {
        int last = g.blockInputs().size();
        Node norm = null;
        for (Node n : g.nodes()) {
            if (n.block() != last) {
                continue;
            }
            if (n.op() instanceof RmsNorm || n.op() instanceof LayerNorm) {
                norm = n;
            }
            if (norm != null
                    && n.op() instanceof Linear
                    && n.in().get(1).node().op() instanceof Parameter w
                    && norm.in().get(1).node().op() instanceof Parameter gain) {
                double offset = norm.op() instanceof RmsNorm r ? r.gainOffset() : 0;
                return Optional.of(new Tail(norm.in().getFirst(), norm.op() instanceof LayerNorm, gain, offset, w));
            }
        }
        return Optional.empty();
    }

    boolean has(String name) {
        if (tail.isEmpty() || !name.startsWith("derived.")) {
            return false;
        }
        String[] p = name.substring(8).split("\\.");
        return p.length == 1
                ? WHOLE.containsKey(p[0])
                : p.length == 3 && p[0].equals("blocks") && PER_BLOCK.containsKey(p[2]) && exists(block(p[1]), p[2]);
    }

    private static int block(String s) {
        return s.matches("\\d{1,6}") ? Integer.parseInt(s) : -1;
    }

    private boolean exists(int block, String what) {
        return block >= 0
                && block < model.sizes().layers()
                && (!what.equals("neuron_logits")
                        || look.opened().names().containsKey("blocks." + block + ".mlp.hook_post"));
    }

    List<TensorInfo> list() {
        List<TensorInfo> out = new ArrayList<>();
        if (tail.isEmpty()) {
            return out;
        }
        for (int b = 0; b < model.sizes().layers(); b++) {
            for (var e : PER_BLOCK.entrySet()) {
                if (exists(b, e.getKey())) {
                    out.add(info("derived.blocks." + b + "." + e.getKey(), e.getKey(), e.getValue()));
                }
            }
        }
        WHOLE.forEach((k, v) -> out.add(info("derived." + k, k, v)));
        return out;
    }

    private TensorInfo info(String name, String what, String meaning) {
        long n = look.length();
        List<String> dims = new ArrayList<>(List.of("batch", "position"));
        List<Long> sizes = new ArrayList<>(List.of(1L, n));
        switch (what) {
            case "attn_write_by_source" -> {
                dims.set(1, "query");
                dims.add("key");
                sizes.add(n);
            }
            case "head_logits" -> {
                dims.add("head");
                sizes.add((long) model.sizes().heads());
            }
            case "neuron_logits" -> {
                dims.add("neuron");
                sizes.add((long) model.sizes().hidden());
            }
            case "logits_by_writer" -> {
                dims.add("token");
                sizes.add((long) model.sizes().vocabulary());
            }
            case "lens_token", "lens_probability", "prediction_token", "prediction_probability" -> {
                dims.add("rank");
                sizes.add((long) RANKS);
            }
            default -> {}
        }
        return new TensorInfo(name, dims, sizes, meaning);
    }

    Tensor value(String name, int from, int to, BooleanSupplier cancelled) {
        String[] p = name.substring(8).split("\\.");
        return p.length == 1
                ? whole(p[0], from, to, cancelled)
                : ofBlock("blocks." + p[1] + ".", p[2], from, to, cancelled);
    }

    private Tensor whole(String what, int from, int to, BooleanSupplier cancelled) {
        return switch (what) {
            case "embed_logits" ->
                projected(look.value("blocks.0.hook_resid_pre", from, to, cancelled), from, to, cancelled);
            case "prediction_token" -> best(look.value("logits", from, to, cancelled), true);
            case "prediction_probability" -> best(look.value("logits", from, to, cancelled), false);
            default -> look.value("logits", from, to, cancelled);
        };
    }

    private Tensor ofBlock(String block, String what, int from, int to, BooleanSupplier cancelled) {
        return switch (what) {
            case "resid_pre_norm" -> norms(look.value(block + "hook_resid_pre", from, to, cancelled));
            case "resid_mid_norm" ->
                norms(look.value(
                        block + (look.has(block + "hook_resid_mid") ? "hook_resid_mid" : "hook_resid_pre"),
                        from,
                        to,
                        cancelled));
            case "resid_post_norm" -> norms(look.value(block + "hook_resid_post", from, to, cancelled));
            case "attn_out_norm" -> norms(look.value(block + "hook_attn_out", from, to, cancelled));
            case "mlp_out_norm" -> norms(look.value(block + "hook_mlp_out", from, to, cancelled));
            case "attn_write_by_source" -> writeBySource(block, from, to, cancelled);
            case "attn_logits" ->
                projected(look.value(block + "hook_attn_out", from, to, cancelled), from, to, cancelled);
            case "mlp_logits" ->
                projected(look.value(block + "hook_mlp_out", from, to, cancelled), from, to, cancelled);
            case "head_logits" -> headLogits(block, from, to, cancelled);
            case "neuron_logits" -> neuronLogits(block, from, to, cancelled);
            case "lens_token" -> best(lens(block, from, to, cancelled), true);
            default -> best(lens(block, from, to, cancelled), false);
        };
    }

    /** Length of each row: {@code [1, row, width]} to {@code [1, row]}. */
    private static Tensor norms(Tensor t) {
        int n = (int) t.dim(1);
        int w = (int) t.dim(2);
        float[] x = t.toFloats();
        float[] out = new float[n];
        for (int r = 0; r < n; r++) {
            double s = 0;
            for (int i = 0; i < w; i++) {
                s += (double) x[r * w + i] * x[r * w + i];
            }
            out[r] = (float) Math.sqrt(s);
        }
        return Tensor.of(out, 1, n);
    }

    /** The {@link #RANKS} likeliest of each row, as ids or as probabilities. */
    private static Tensor best(Tensor logits, boolean ids) {
        int n = (int) logits.dim(1);
        int v = (int) logits.dim(2);
        float[] x = logits.toFloats();
        float[] out = new float[n * RANKS];
        for (int r = 0; r < n; r++) {
            int[] top = top(x, r * v, v);
            double sum = 0;
            for (int i = 0; i < v; i++) {
                sum += Math.exp((double) x[r * v + i] - x[r * v + top[0]]);
            }
            for (int k = 0; k < RANKS; k++) {
                out[r * RANKS + k] =
                        ids ? top[k] : (float) (Math.exp((double) x[r * v + top[k]] - x[r * v + top[0]]) / sum);
            }
        }
        return Tensor.of(out, 1, n, RANKS);
    }

    private static int[] top(float[] x, int at, int n) {
        int[] top = new int[RANKS];
        Arrays.fill(top, -1);
        for (int i = 0; i < n; i++) {
            int id = i;
            for (int k = 0; k < RANKS && id >= 0; k++) {
                if (top[k] < 0 || x[at + id] > x[at + top[k]]) {
                    int old = top[k];
                    top[k] = id;
                    id = old;
                }
            }
        }
        return Arrays.stream(top).map(i -> Math.max(i, 0)).toArray();
    }

    /** The positions' own next tokens. */
    private int[] targets(int from, int to, BooleanSupplier cancelled) {
        return targets.computeIfAbsent(List.of(from, to), k -> {
            Tensor t = best(look.value("logits", from, to, cancelled), true);
            int[] ids = new int[to - from];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (int) t.get((long) i * RANKS);
            }
            return ids;
        });
    }

    /** What a unit of the stream's coordinates adds to a token's logit, before the final scale: gain times unembedding. */
    private double[] direction(int token) {
        Tail t = tail.orElseThrow();
        Tensor gain = model.weights().vector(t.gain);
        Tensor row = model.weights().tensor(t.unembed).row(token).widen();
        double[] u = new double[(int) gain.size()];
        double mean = 0;
        for (int i = 0; i < u.length; i++) {
            u[i] = (gain.get(i) + t.gainOffset) * row.get(i);
            mean += u[i] / u.length;
        }
        // Centring is linear and symmetric, so it may be applied to the direction instead of the write.
        for (int i = 0; t.centred && i < u.length; i++) {
            u[i] -= mean;
        }
        return u;
    }

    /** Logits that writes {@code [1, row, width]} add to each row's own next token: {@code [1, row]}. */
    private Tensor projected(Tensor writes, int from, int to, BooleanSupplier cancelled) {
        int[] ids = targets(from, to, cancelled);
        Tensor scale = look.value("ln_final.hook_scale", from, to, cancelled);
        float[] out = new float[ids.length];
        int w = (int) writes.dim(2);
        for (int r = 0; r < ids.length; r++) {
            double[] u = direction(ids[r]);
            double s = 0;
            for (int i = 0; i < w; i++) {
                s += writes.get((long) r * w + i) * u[i];
            }
            out[r] = (float) (s / scale.get(r));
        }
        return Tensor.of(out, 1, ids.length);
    }

    /** The factor by which a norm after the attention branch scales its coordinates for each row; empty if there is none. */
    private Optional<Tensor> branchGain(String block) {
        return look.has(block + "ln1_post.hook_scale") ? Optional.of(gainOf(block + "ln1_post.")) : Optional.empty();
    }

    private Tensor gainOf(String scope) {
        for (Node n : model.graph().nodes()) {
            if (n.scope().equals(scope) && n.in().get(1).node().op() instanceof Parameter p) {
                double offset = n.op() instanceof RmsNorm r ? r.gainOffset() : 0;
                float[] g = model.weights().vector(p).toFloats();
                for (int i = 0; i < g.length; i++) {
                    g[i] += (float) offset;
                }
                return Tensor.of(g, g.length);
            }
        }
        throw new IllegalStateException("no norm " + scope);
    }

    private Tensor headLogits(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor result = look.value(block + "attn.hook_result", from, to, cancelled); // [1, row, head, width]
        int heads = (int) result.dim(2);
        int w = (int) result.dim(3);
        int[] ids = targets(from, to, cancelled);
        Tensor scale = look.value("ln_final.hook_scale", from, to, cancelled);
        Optional<Tensor> gain = branchGain(block);
        Optional<Tensor> branch = gain.map(g -> look.value(block + "ln1_post.hook_scale", from, to, cancelled));
        float[] out = new float[ids.length * heads];
        for (int r = 0; r < ids.length; r++) {
            double[] u = direction(ids[r]);
            for (int h = 0; h < heads; h++) {
                double s = 0;
                for (int i = 0; i < w; i++) {
                    double g = gain.isPresent() ? gain.get().get(i) : 1;
                    s += result.get(((long) r * heads + h) * w + i) * g * u[i];
                }
                out[r * heads + h] = (float)
                        (s / scale.get(r) / (branch.isPresent() ? branch.get().get(r) : 1));
            }
        }
        return Tensor.of(out, 1, ids.length, heads);
    }

    private Tensor neuronLogits(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor post = look.value(block + "mlp.hook_post", from, to, cancelled);
        int hidden = (int) post.dim(2);
        Tensor down = model.weights()
                .tensor(down(look.require(block + "mlp.hook_post")))
                .widen(); // [width, hidden]
        float[] weights = down.toFloats();
        int[] ids = targets(from, to, cancelled);
        Tensor scale = look.value("ln_final.hook_scale", from, to, cancelled);
        boolean after = look.has(block + "ln2_post.hook_scale");
        Optional<Tensor> gain = after ? Optional.of(gainOf(block + "ln2_post.")) : Optional.empty();
        Optional<Tensor> branch = gain.map(g -> look.value(block + "ln2_post.hook_scale", from, to, cancelled));
        float[] out = new float[ids.length * hidden];
        for (int r = 0; r < ids.length; r++) {
            double[] u = direction(ids[r]);
            double[] sum = new double[hidden];
            for (int i = 0; i < u.length; i++) {
                double f = u[i] * (gain.isPresent() ? gain.get().get(i) : 1);
                for (int n = 0; n < hidden; n++) {
                    sum[n] += f * weights[i * hidden + n];
                }
            }
            double by = scale.get(r) * (branch.isPresent() ? branch.get().get(r) : 1);
            for (int n = 0; n < hidden; n++) {
                out[r * hidden + n] = (float) (sum[n] * post.get((long) r * hidden + n) / by);
            }
        }
        return Tensor.of(out, 1, ids.length, hidden);
    }

    /** The projection that reads a value of the opened graph. */
    private Parameter down(Value post) {
        for (Node n : look.opened().nodes()) {
            if (n.in().size() > 1
                    && n.in().getFirst().equals(post)
                    && n.in().get(1).node().op() instanceof Parameter p) {
                return p;
            }
        }
        throw new IllegalStateException("nothing reads the neurons");
    }

    /**
     * Length of the sum over heads of {@code pattern[h, q, k] * v[k] W_O[h]}, for each query and key. Computed from the inner
     * products of what the heads would write from a key, so that no vector is made for a pair.
     */
    private Tensor writeBySource(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor pattern = look.value(block + "attn.hook_pattern", from, to, cancelled); // [1, head, row, key]
        int heads = (int) pattern.dim(1);
        int rows = (int) pattern.dim(2);
        int keys = (int) pattern.dim(3);
        float[][] gram = new float[keys][];
        Tensor v = look.value(block + "attn.hook_v", 0, keys, cancelled); // [1, key, key head, size]
        float[] wo = outWeights(block);
        Optional<Tensor> gain = branchGain(block);
        int shared = (int) v.dim(2);
        int size = (int) v.dim(3);
        float[] values = v.toFloats();
        int width = wo.length / (heads * size);
        float[] written = new float[heads * width];
        for (int k = 0; k < keys; k++) {
            if (cancelled.getAsBoolean()) {
                throw new java.util.concurrent.CancellationException();
            }
            for (int h = 0; h < heads; h++) {
                int at = (k * shared + h / (heads / shared)) * size;
                for (int o = 0; o < width; o++) {
                    float s = 0;
                    for (int d = 0; d < size; d++) {
                        s = Math.fma(wo[(o * heads + h) * size + d], values[at + d], s);
                    }
                    written[h * width + o] = gain.isPresent() ? s * gain.get().get(o) : s;
                }
            }
            gram[k] = gram(written, heads, width);
        }
        Optional<Tensor> branch = gain.map(g -> look.value(block + "ln1_post.hook_scale", from, to, cancelled));
        float[] p = pattern.toFloats();
        float[] out = new float[rows * keys];
        for (int q = 0; q < rows; q++) {
            for (int k = 0; k < keys; k++) {
                double s = 0;
                for (int a = 0; a < heads; a++) {
                    for (int b = 0; b < heads; b++) {
                        s += (double) p[(a * rows + q) * keys + k]
                                * p[(b * rows + q) * keys + k]
                                * gram[k][a * heads + b];
                    }
                }
                out[q * keys + k] = (float) (Math.sqrt(Math.max(0, s))
                        / (branch.isPresent() ? branch.get().get(q) : 1));
            }
        }
        return Tensor.of(out, 1, rows, keys);
    }

    private float[] outWeights(String block) {
        for (Node n : model.graph().nodes()) {
            if (n.op() instanceof HeadsOut
                    && n.scope().equals(block + "attn.")
                    && n.in().get(1).node().op() instanceof Parameter p) {
                return model.weights().tensor(p).widen().toFloats();
            }
        }
        throw new IllegalStateException("no output projection in " + block);
    }

    private static float[] gram(float[] rows, int n, int width) {
        float[] g = new float[n * n];
        for (int a = 0; a < n; a++) {
            for (int b = 0; b <= a; b++) {
                float s = 0;
                for (int i = 0; i < width; i++) {
                    s = Math.fma(rows[a * width + i], rows[b * width + i], s);
                }
                g[a * n + b] = s;
                g[b * n + a] = s;
            }
        }
        return g;
    }

    /** The model's logits if it stopped after a block: final norm and unembedding of that block's stream. */
    private Tensor lens(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor stream = look.value(block + "hook_resid_post", from, to, cancelled);
        Value end = model.graph().inOpened(tail.orElseThrow().stream);
        Tensor rows = stream.reshape(stream.dim(1), stream.dim(2));
        Binding b = Binding.rows(to - from, look.length());
        Given given = new Stopped(look.given(from, to), end, rows);
        Value logits = look.require("logits");
        Tensor t = new Evaluator(look.opened(), b, given, Map.of())
                .evaluate(List.of(logits), cancelled)
                .get(logits);
        return java.util.Objects.requireNonNull(t)
                .reshape(1, to - from, model.sizes().vocabulary());
    }

    /** What is given, except that another stream enters the final norm. */
    private record Stopped(Given given, Value end, Tensor stream) implements Given {
        @Override
        public Optional<Tensor> value(Value v) {
            boolean behind = v.node().id() > end.node().id() && !(v.node().op() instanceof Parameter);
            return v.equals(end) ? Optional.of(stream) : behind ? Optional.empty() : given.value(v);
        }

        @Override
        public Optional<PackedMatrix> packed(Parameter p) {
            return given.packed(p);
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return given.place(p, index);
        }
    }

    /** Explains a logit by its writers; other derived quantities say what they are made of in words. */
    Explanation explain(String name, long[] index) {
        TensorInfo info =
                list().stream().filter(i -> i.name().equals(name)).findFirst().orElseThrow();
        boolean fits = index.length == info.sizes().size();
        for (int i = 0; fits && i < index.length; i++) {
            fits = index[i] >= 0 && index[i] < info.sizes().get(i);
        }
        if (!fits) {
            throw new UsageException(
                    "index " + Arrays.toString(index) + " is outside " + name + " of shape " + info.sizes());
        }
        int row = (int) index[1];
        if (name.equals("derived.logits_by_writer")) {
            return byWriter(index, row);
        }
        Tensor t = value(name, row, row + 1, () -> false);
        long[] at = index.clone();
        at[1] = 0;
        float x = t.get(ModelWeights.flat(at, t.shape()));
        return new Explanation(name, boxed(index), x, info.meaning(), "x", true, List.of(), x);
    }

    private Explanation byWriter(long[] index, int row) {
        double[] u = direction((int) index[2]);
        double scale = look.value("ln_final.hook_scale", row, row + 1).get(0);
        List<Explanation.Term> terms = new ArrayList<>();
        terms.add(writer("embedding", "blocks.0.hook_resid_pre", row, u, scale));
        for (int b = 0; b < model.sizes().layers(); b++) {
            terms.add(writer("attention " + b, "blocks." + b + ".hook_attn_out", row, u, scale));
            terms.add(writer("MLP " + b, "blocks." + b + ".hook_mlp_out", row, u, scale));
        }
        if (tail.orElseThrow().centred) {
            terms.add(bias((int) index[2]));
        }
        double sum = terms.stream().mapToDouble(Explanation.Term::value).sum();
        terms.sort(Comparator.comparingDouble((Explanation.Term t) -> -Math.abs(t.value())));
        float kept = look.value("logits", row, row + 1).get(index[2]);
        return new Explanation(
                "derived.logits_by_writer",
                boxed(index),
                kept,
                "the sum over all writers of what each adds to the logit through the final norm",
                "\\sum_{w} \\frac{r_w \\odot g}{s} \\cdot W_U",
                true,
                terms,
                sum);
    }

    /** The final norm's bias seen through the unembedding: a writer of its own. */
    private Explanation.Term bias(int token) {
        for (Node n : model.graph().nodes()) {
            if (n.scope().equals("ln_final.")
                    && n.in().size() > 2
                    && n.in().get(2).node().op() instanceof Parameter p) {
                Tensor b = model.weights().vector(p);
                Tensor row = model.weights()
                        .tensor(tail.orElseThrow().unembed)
                        .row(token)
                        .widen();
                double s = 0;
                for (int i = 0; i < b.size(); i++) {
                    s += b.get(i) * row.get(i);
                }
                return new Explanation.Term("final norm's bias", s, s, List.of());
            }
        }
        return new Explanation.Term("final norm's bias", 0, 0, List.of());
    }

    private Explanation.Term writer(String label, String name, int row, double[] u, double scale) {
        Tensor t = look.value(name, row, row + 1);
        double s = 0;
        int most = 0;
        for (int i = 0; i < u.length; i++) {
            s += t.get(i) * u[i];
            most = Math.abs(t.get(i) * u[i]) > Math.abs(t.get(most) * u[most]) ? i : most;
        }
        // The term is a sum over coordinates; its largest one can be opened.
        Explanation.Factor f = new Explanation.Factor(
                name, List.of(0L, (long) row, (long) most), t.get(most), false, "its largest coordinate");
        return new Explanation.Term(label, s / scale, s / scale / t.get(most), List.of(f));
    }

    private static List<Long> boxed(long[] index) {
        return Arrays.stream(index).boxed().toList();
    }
}
