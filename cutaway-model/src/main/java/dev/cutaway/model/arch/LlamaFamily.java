package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.HeadNorms;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * What Llama and its many descendants share: RMS norms, rotary positions, grouped keys, a gated feed-forward layer. Each
 * descendant says where it differs.
 */
final class LlamaFamily {
    /** Where the norms of a block stand. */
    enum Norms {
        /** Before each branch (Llama). */
        BEFORE,
        /** After each branch (OLMo 2). */
        AFTER,
        /** Before and after (Gemma). */
        BOTH
    }

    private final Config c;
    private final Sizes s;
    private Norm norm;
    private Norms norms = Norms.BEFORE;
    private boolean qkvBias;
    private boolean outBias;
    private boolean mlpBias;
    private boolean fused;
    private boolean headNorms;
    private boolean perHead;
    private boolean tied;
    private double scale;
    private double scoreCap;
    private double logitCap;
    private double embedScale = 1;
    private String activationKey = "hidden_act";
    private String activation = "silu";
    private IntUnaryOperator window = i -> 0;
    private IntFunction<RopeFrequencies> ropes;

    private LlamaFamily(Config c, Sizes s) {
        this.c = c;
        this.s = s;
        this.norm = Norm.rms(c.real("rms_norm_eps", 1e-6));
        this.scale = 1 / Math.sqrt(s.headSize());
        this.tied = c.flag("tie_word_embeddings", false);
        RopeFrequencies rope =
                Rope.of(c, s.headSize(), c.real("rope_theta", 10000), c.real("partial_rotary_factor", 1));
        this.ropes = i -> rope;
    }

    static LlamaFamily of(Config c) {
        return new LlamaFamily(c, sizes(c, 0));
    }

    static LlamaFamily of(Config c, Sizes s) {
        return new LlamaFamily(c, s);
    }

    /** Sizes under Llama's keys; {@code headSize} 0: width / heads unless the configuration says. */
    static Sizes sizes(Config c, int headSize) {
        int width = c.positive("hidden_size");
        int heads = c.positive("num_attention_heads");
        int size = c.positive("head_dim", headSize > 0 ? headSize : Math.max(1, width / heads));
        return new Sizes(
                c.positive("num_hidden_layers"),
                heads,
                c.positive("num_key_value_heads", heads),
                size,
                width,
                c.positive("intermediate_size"),
                c.positive("vocab_size"),
                c.positive("max_position_embeddings", 2048),
                false);
    }

    LlamaFamily norm(Norm n, Norms where) {
        norm = n;
        norms = where;
        return this;
    }

    LlamaFamily biases(boolean qkv, boolean out, boolean mlp) {
        qkvBias = qkv;
        outBias = out;
        mlpBias = mlp;
        return this;
    }

    /** One matrix for query, key and value, one for gate and up. */
    LlamaFamily fused() {
        fused = true;
        return this;
    }

    LlamaFamily headNorms(boolean eachHead) {
        headNorms = true;
        perHead = eachHead;
        return this;
    }

    LlamaFamily tied(boolean t) {
        tied = t;
        return this;
    }

    LlamaFamily scale(double x) {
        scale = x;
        return this;
    }

    LlamaFamily caps(double scores, double logits) {
        scoreCap = scores;
        logitCap = logits;
        return this;
    }

    LlamaFamily embedScale(double x) {
        embedScale = x;
        return this;
    }

    LlamaFamily activation(String key, String otherwise) {
        activationKey = key;
        activation = otherwise;
        return this;
    }

    /** The window of each layer, 0 for none. */
    LlamaFamily window(IntUnaryOperator ofLayer) {
        window = ofLayer;
        return this;
    }

    /** The rotation of each layer. */
    LlamaFamily ropes(IntFunction<RopeFrequencies> ofLayer) {
        ropes = ofLayer;
        return this;
    }

    void build(GraphBuilder g) {
        Parts p = Parts.of(g, "", s.width());
        for (int i = 0; i < s.layers(); i++) {
            p.angles(ropes.apply(i));
        }
        Value x = p.lookup("model.embed_tokens.weight", "token", s.vocabulary(), p.ints("tokens"));
        x = p.name("hook_embed", embedScale == 1 ? x : p.scale(x, embedScale));
        for (int i = 0; i < s.layers(); i++) {
            x = block(p, p.beginBlock(i, x), "model.layers." + i + ".", i, x);
        }
        Weight unembed = Weight.of(tied ? "model.embed_tokens" : "lm_head", false);
        p.logits(x, norm, "model.norm", unembed, s.vocabulary(), logitCap);
    }

    private Value block(Parts p, String block, String n, int layer, Value x) {
        boolean before = norms != Norms.AFTER;
        Value a = before ? p.norm(block + "ln1.", norm, x, n + "input_layernorm") : x;
        Value attn = p.attention(block, a, heads(n, layer));
        if (norms != Norms.BEFORE) {
            attn = p.norm(block + "ln1_post.", norm, attn, n + "post_attention_layernorm");
        }
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        String second = norms == Norms.BOTH ? "pre_feedforward_layernorm" : "post_attention_layernorm";
        Value b = before ? p.norm(block + "ln2.", norm, mid, n + second) : mid;
        Value mlp = mlp(p, block, n, b);
        if (norms != Norms.BEFORE) {
            mlp = p.norm(block + "ln2_post.", norm, mlp, n + "post_feedforward_layernorm");
        }
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }

    private Heads heads(String n, int layer) {
        String a = n + "self_attn.";
        int q = s.heads() * s.headSize();
        int kv = s.keyValueHeads() * s.headSize();
        Weight all = Weight.of(a + "qkv_proj", qkvBias);
        Heads h = Heads.plain(
                        s.heads(),
                        s.keyValueHeads(),
                        s.headSize(),
                        fused ? all.rows(0, q) : Weight.of(a + "q_proj", qkvBias),
                        fused ? all.rows(q, q + kv) : Weight.of(a + "k_proj", qkvBias),
                        fused ? all.rows(q + kv, q + 2 * kv) : Weight.of(a + "v_proj", qkvBias),
                        Weight.of(a + "o_proj", outBias),
                        new Attention(scale, true, window.applyAsInt(layer), scoreCap))
                .rotated(ropes.apply(layer));
        return headNorms ? h.normed(new HeadNorms(norm, a + "q_norm", a + "k_norm", perHead)) : h;
    }

    private Value mlp(Parts p, String block, String n, Value x) {
        Unary f = Activations.of(c, activationKey, activation);
        int h = s.hidden();
        Weight both = Weight.of(n + "mlp.gate_up_proj", mlpBias);
        Weight gate = fused ? both.rows(0, h) : Weight.of(n + "mlp.gate_proj", mlpBias);
        Weight up = fused ? both.rows(h, 2 * h) : Weight.of(n + "mlp.up_proj", mlpBias);
        return p.gatedMlp(block, x, f, h, gate, up, Weight.of(n + "mlp.down_proj", mlpBias));
    }

    /** The windows that {@code layer_types} says, or else a rule; 0 for full attention. */
    static IntUnaryOperator layerTypes(Config c, int window, IntUnaryOperator otherwise) {
        var types = c.texts("layer_types");
        return types.isEmpty()
                ? otherwise
                : i -> Optional.of(types.get(Math.min(i, types.size() - 1)))
                                .filter("sliding_attention"::equals)
                                .isPresent()
                        ? window
                        : 0;
    }
}
