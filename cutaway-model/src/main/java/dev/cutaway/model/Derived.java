package dev.cutaway.model;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Explanation;
import dev.cutaway.graph.op.Mask;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Quantities that pictures show and that are no step of the model, computed from values that are: norms of the stream and of
 * writes, writes by source token ({@link Reads}), logits that each write adds ({@link Attribution}), the logit lens ({@link Lens}), and
 * scores before the mask. For models with one stack of blocks and a vocabulary.
 */
final class Derived {
    private static final Map<String, String> PER_BLOCK = new LinkedHashMap<>();

    static {
        PER_BLOCK.put("resid_pre_norm", "length of the stream as it enters the block");
        PER_BLOCK.put("resid_mid_norm", "length of the stream between attention and feed-forward layer");
        PER_BLOCK.put("resid_post_norm", "length of the stream as it leaves the block");
        PER_BLOCK.put("attn_out_norm", "length of what attention adds");
        PER_BLOCK.put("mlp_out_norm", "length of what the feed-forward layer adds");
        PER_BLOCK.put("attn_scores_unmasked", "scores after scaling and soft cap, before the mask hides any");
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

    /** What a block's norms are the lengths of; evaluated together, because one needs the other. */
    private static final Map<String, String> LENGTHS = Map.of(
            "resid_pre_norm", "hook_resid_pre",
            "resid_mid_norm", "hook_resid_mid",
            "resid_post_norm", "hook_resid_post",
            "attn_out_norm", "hook_attn_out",
            "mlp_out_norm", "hook_mlp_out");

    private final Look look;
    private final Model model;
    private final KeptRows rows;
    private final Optional<Parts> parts;

    /** What needs a tail. */
    private record Parts(Lens lens, Attribution attribution, Reads reads) {}

    Derived(Look look, Model model) {
        this.look = look;
        this.model = model;
        this.rows = new KeptRows(look.length());
        Optional<Tail> tail = model.family() == Family.DECODER ? Tail.of(model.graph()) : Optional.empty();
        this.parts = tail.map(t -> {
            Lens lens = new Lens(look, model, t, rows);
            BranchGain gains = new BranchGain(look, model);
            return new Parts(lens, new Attribution(look, model, t, lens, gains), new Reads(look, model, gains));
        });
    }

    boolean has(String name) {
        if (parts.isEmpty() || !name.startsWith("derived.")) {
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
        if (block < 0 || block >= model.sizes().layers()) {
            return false;
        }
        return switch (what) {
            case "neuron_logits" -> look.opened().names().containsKey("blocks." + block + ".mlp.hook_post");
            case "attn_scores_unmasked" -> unmasked("blocks." + block + ".").isPresent();
            default -> true;
        };
    }

    /** The scores as they enter the mask. */
    private Optional<Value> unmasked(String block) {
        return look.opened()
                .named(block + "attn.hook_attn_scores")
                .filter(v -> v.node().op() instanceof Mask)
                .map(v -> v.node().in().getFirst());
    }

    List<TensorInfo> list() {
        List<TensorInfo> out = new ArrayList<>();
        if (parts.isEmpty()) {
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
        Sizes s = model.sizes();
        return switch (what) {
            case "attn_scores_unmasked" ->
                new TensorInfo(
                        name, List.of("batch", "head", "query", "key"), List.of(1L, (long) s.heads(), n, n), meaning);
            case "attn_write_by_source" ->
                new TensorInfo(name, List.of("batch", "query", "key"), List.of(1L, n, n), meaning);
            case "head_logits" -> info(name, "head", s.heads(), meaning);
            case "neuron_logits" -> info(name, "neuron", s.hidden(), meaning);
            case "logits_by_writer" -> info(name, "token", s.vocabulary(), meaning);
            case "lens_token", "lens_probability", "prediction_token", "prediction_probability" ->
                info(name, "rank", Lens.RANKS, meaning);
            default -> new TensorInfo(name, List.of("batch", "position"), List.of(1L, n), meaning);
        };
    }

    private TensorInfo info(String name, String dim, long size, String meaning) {
        return new TensorInfo(
                name, List.of("batch", "position", dim), List.of(1L, (long) look.length(), size), meaning);
    }

    Tensor value(String name, int from, int to, BooleanSupplier cancelled) {
        String[] p = name.substring(8).split("\\.");
        return p.length == 1
                ? whole(p[0], from, to, cancelled)
                : ofBlock("blocks." + p[1] + ".", p[2], from, to, cancelled);
    }

    private Tensor whole(String what, int from, int to, BooleanSupplier cancelled) {
        Parts p = parts.orElseThrow();
        return switch (what) {
            case "embed_logits" -> p.attribution.of("blocks.0.hook_resid_pre", from, to, cancelled);
            case "prediction_token" -> p.lens.prediction(true, from, to, cancelled);
            case "prediction_probability" -> p.lens.prediction(false, from, to, cancelled);
            default -> look.value("logits", from, to, cancelled);
        };
    }

    private Tensor ofBlock(String block, String what, int from, int to, BooleanSupplier cancelled) {
        Parts p = parts.orElseThrow();
        return switch (what) {
            case "attn_scores_unmasked" ->
                Look.withBatch(look.rows(unmasked(block).orElseThrow(), from, to, cancelled));
            case "attn_write_by_source" -> p.reads.bySource(block, from, to, cancelled);
            case "attn_logits" -> added(block, "hook_attn_out", from, to, cancelled);
            case "mlp_logits" -> added(block, "hook_mlp_out", from, to, cancelled);
            case "head_logits" -> p.attribution.ofHeads(block, from, to, cancelled);
            case "neuron_logits" -> p.attribution.ofNeurons(block, from, to, cancelled);
            case "lens_token" -> p.lens.stopped(block, true, from, to, cancelled);
            case "lens_probability" -> p.lens.stopped(block, false, from, to, cancelled);
            default -> length(block, LENGTHS.getOrDefault(what, what), from, to, cancelled);
        };
    }

    /** Logits that a branch adds; computed for both branches, because the later one needs the earlier one's values. */
    private Tensor added(String block, String write, int from, int to, BooleanSupplier cancelled) {
        return rows.get(block + write + " logits", from, to, new int[0], (a, b) -> {
            List<String> both = List.of(block + "hook_attn_out", block + "hook_mlp_out");
            look.prepare(both, a, b, cancelled);
            for (String name : both) {
                float[] logits = parts.orElseThrow()
                        .attribution
                        .of(name, a, b, cancelled)
                        .toFloats();
                for (int p = a; p < b; p++) {
                    rows.put(name + " logits", p, logits[p - a]);
                }
            }
        });
    }

    /** Length of each row of a stream or a write; computed for all of the block's, for the same reason. */
    private Tensor length(String block, String what, int from, int to, BooleanSupplier cancelled) {
        return rows.get(block + what + " length", from, to, new int[0], (a, b) -> {
            // In parallel blocks the branches read the same stream.
            String mid = look.has(block + "hook_resid_mid") ? "hook_resid_mid" : "hook_resid_pre";
            look.prepare(LENGTHS.values().stream().map(n -> block + n).toList(), a, b, cancelled);
            for (String name : LENGTHS.values()) {
                String source = name.equals("hook_resid_mid") ? mid : name;
                float[] lengths = lengths(look.value(block + source, a, b, cancelled));
                for (int p = a; p < b; p++) {
                    rows.put(block + name + " length", p, lengths[p - a]);
                }
            }
        });
    }

    /** Length of each row: {@code [1, row, width]}. */
    private static float[] lengths(Tensor t) {
        int w = (int) t.dim(2);
        float[] x = t.toFloats();
        float[] out = new float[(int) t.dim(1)];
        for (int r = 0; r < out.length; r++) {
            double s = 0;
            for (int i = 0; i < w; i++) {
                s += (double) x[r * w + i] * x[r * w + i];
            }
            out[r] = (float) Math.sqrt(s);
        }
        return out;
    }

    /** Explains a logit by its writers and a score by its product; other derived quantities say what they are made of in words. */
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
        if (name.equals("derived.logits_by_writer")) {
            return parts.orElseThrow().attribution.byWriter(index);
        }
        if (name.endsWith(".attn_scores_unmasked")) {
            Value scores =
                    unmasked(name.substring(8, name.lastIndexOf('.') + 1)).orElseThrow();
            return look.explain(name, scores, Arrays.copyOfRange(index, 1, index.length));
        }
        int axis = info.dims().contains("query") ? info.dims().indexOf("query") : 1;
        int row = (int) index[axis];
        Tensor t = value(name, row, row + 1, () -> false);
        long[] at = index.clone();
        at[axis] = 0;
        float x = t.get(ModelWeights.flat(at, t.shape()));
        return new Explanation(name, Arrays.stream(index).boxed().toList(), x, info.meaning(), "x", true, List.of(), x);
    }
}
