package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.function.Predicate;

/** GPT-2 (Radford et al. 2019): learned positions, pre-norm, fused projections kept as {@code [in, out]}. */
final class Gpt2 implements Architecture {
    @Override
    public String name() {
        return "gpt2";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public String basePrefix() {
        return "transformer.";
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        // What is added to the stream begins smaller, the deeper the model is (the paper's section 2.3).
        boolean added = name.endsWith("c_proj.weight");
        return added
                ? Initial.normal(Initial.range(c) / Math.sqrt(2.0 * sizes(c).layers()))
                : Initial.usual(c, name, rank);
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("n_embd", 768);
        int heads = c.positive("n_head", 12);
        int context = c.positive("n_positions", c.positive("n_ctx", 1024));
        return new Sizes(
                c.positive("n_layer", 12),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("n_inner", 4 * width),
                c.positive("vocab_size", 50257),
                context,
                true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Parts p = Parts.of(g, "", s.width());
        Norm norm = Norm.layer(c.real("layer_norm_epsilon", 1e-5));
        Unary f = Activations.of(c, "activation_function", "gelu_new");
        Value embed =
                p.name("hook_embed", p.lookup("transformer.wte.weight", "token", s.vocabulary(), p.ints("tokens")));
        Value position = p.lookup("transformer.wpe.weight", "position", s.context(), p.ints("position"));
        Value x = p.sum(embed, p.name("hook_pos_embed", position));
        for (int i = 0; i < s.layers(); i++) {
            x = block(c, p, p.beginBlock(i, x), "transformer.h." + i + ".", x, s, norm, f, scale(c, s, i));
        }
        Weight unembed =
                c.flag("tie_word_embeddings", true) ? Weight.of("transformer.wte", false) : Weight.of("lm_head", false);
        p.logits(x, norm, "transformer.ln_f", unembed, s.vocabulary(), 0);
    }

    private static double scale(Config c, Sizes s, int layer) {
        double scale = c.flag("scale_attn_weights", true) ? 1 / Math.sqrt(s.headSize()) : 1;
        return c.flag("scale_attn_by_inverse_layer_idx", false) ? scale / (layer + 1) : scale;
    }

    private static Value block(
            Config c, Parts p, String block, String n, Value x, Sizes s, Norm norm, Unary f, double scale) {
        Weight qkv = conv1d(c, n + "attn.c_attn");
        int w = s.width();
        Heads heads = Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                qkv.rows(0, w),
                qkv.rows(w, 2 * w),
                qkv.rows(2 * w, 3 * w),
                conv1d(c, n + "attn.c_proj"),
                new Attention(scale, true, 0, 0));
        Value attn = p.attention(block, p.norm(block + "ln1.", norm, x, n + "ln_1"), heads);
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        Value normed = p.norm(block + "ln2.", norm, mid, n + "ln_2");
        Value mlp = p.mlp(block, normed, f, s.hidden(), conv1d(c, n + "mlp.c_fc"), conv1d(c, n + "mlp.c_proj"));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }

    /** GPT-2's matrices are kept as {@code [in, out]}; GGUF files say that they keep {@code [out, in]}. */
    private static Weight conv1d(Config c, String name) {
        return c.text("conv1d_layout", "in_out").equals("out_in") ? Weight.of(name, true) : Weight.transposed(name);
    }
}
