package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.function.Predicate;

/** GPT-NeoX and Pythia (arXiv 2204.06745): attention and feed-forward side by side, partly rotated heads, fused per head. */
final class GptNeoX implements Architecture {
    @Override
    public String name() {
        return "gpt_neox";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public String basePrefix() {
        return "gpt_neox.";
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("hidden_size");
        int heads = c.positive("num_attention_heads");
        return new Sizes(
                c.positive("num_hidden_layers"),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("intermediate_size"),
                c.positive("vocab_size"),
                c.positive("max_position_embeddings", 2048),
                false);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Parts p = Parts.of(g, "", s.width());
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-5));
        RopeFrequencies rope = p.angles(Rope.of(
                c, s.headSize(), c.real("rotary_emb_base", c.real("rope_theta", 10000)), c.real("rotary_pct", 0.25)));
        Value x = p.name("hook_embed", p.lookup("gpt_neox.embed_in.weight", "token", s.vocabulary(), p.ints("tokens")));
        for (int i = 0; i < s.layers(); i++) {
            x = block(c, p, p.beginBlock(i, x), "gpt_neox.layers." + i + ".", x, s, norm, rope);
        }
        Weight unembed = c.flag("tie_word_embeddings", false)
                ? Weight.of("gpt_neox.embed_in", false)
                : Weight.of("embed_out", false);
        p.logits(x, norm, "gpt_neox.final_layer_norm", unembed, s.vocabulary(), 0);
    }

    private static Value block(
            Config c, Parts p, String block, String n, Value x, Sizes s, Norm norm, RopeFrequencies rope) {
        boolean bias = c.flag("attention_bias", true);
        Weight qkv = Weight.of(n + "attention.query_key_value", bias);
        int d = s.headSize();
        Heads heads = Heads.plain(
                        s.heads(),
                        s.heads(),
                        d,
                        qkv.rowsOfGroups(s.heads(), 0, d),
                        qkv.rowsOfGroups(s.heads(), d, 2 * d),
                        qkv.rowsOfGroups(s.heads(), 2 * d, 3 * d),
                        Weight.of(n + "attention.dense", bias),
                        new Attention(1 / Math.sqrt(d), true, 0, 0))
                .rotated(rope);
        Unary f = Activations.of(c, "hidden_act", "gelu");
        Value attn = p.attention(block, p.norm(block + "ln1.", norm, x, n + "input_layernorm"), heads);
        p.name(block + "hook_attn_out", attn);
        boolean parallel = c.flag("use_parallel_residual", true);
        Value mid = parallel ? p.sum(x, attn) : p.add(block + "hook_resid_mid", x, attn);
        Value normed = p.norm(block + "ln2.", norm, parallel ? x : mid, n + "post_attention_layernorm");
        Value mlp = p.mlp(
                block,
                normed,
                f,
                s.hidden(),
                Weight.of(n + "mlp.dense_h_to_4h", true),
                Weight.of(n + "mlp.dense_4h_to_h", true));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }
}
