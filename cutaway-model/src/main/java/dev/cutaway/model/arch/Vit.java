package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.function.Predicate;

/** Vision Transformer (arXiv 2010.11929): patches of an image and a class token as rows, pre-norm, both ways. */
final class Vit implements Architecture {
    @Override
    public String name() {
        return "vit";
    }

    @Override
    public Family family() {
        return Family.VISION;
    }

    @Override
    public int classRows(Config c) {
        return 1;
    }

    @Override
    public String basePrefix() {
        return "vit.";
    }

    @Override
    public long[] storedShape(Config c, String name, long[] shape) {
        ImageSizes image = ImageSizes.of(c);
        return switch (name) {
            case "vit.embeddings.cls_token" -> new long[] {1, 1, shape[0]};
            case "vit.embeddings.position_embeddings" -> new long[] {1, shape[0], shape[1]};
            case "vit.embeddings.patch_embeddings.projection.weight" ->
                new long[] {shape[0], image.channels(), image.patchHeight(), image.patchWidth()};
            default -> shape;
        };
    }

    @Override
    public Sizes sizes(Config c) {
        return sizesOf(c);
    }

    /** Also of {@link Deit}. */
    static Sizes sizesOf(Config c) {
        int width = c.positive("hidden_size", 768);
        int heads = c.positive("num_attention_heads", 12);
        ImageSizes image = ImageSizes.of(c);
        return new Sizes(
                c.positive("num_hidden_layers", 12),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("intermediate_size", 3072),
                0,
                image.allRows(),
                true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        ImageSizes image = ImageSizes.of(c);
        Parts p = Parts.of(g, "", s.width());
        Value patches = g.input("patches", Type.real(p.rows(), Dim.of("pixel", image.patchElements())));
        Value projected =
                p.linear(patches, Weight.of("vit.embeddings.patch_embeddings.projection", true), "width", s.width());
        Value cls = p.weight("vit.embeddings.cls_token", p.width());
        Value embed = p.name("hook_embed", p.apply(new Choose(), p.ints("position"), cls, projected));
        Value x = body(c, p, "vit.", embed, s);
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-12));
        Value first = p.apply(new First(), p.norm("ln_final.", norm, x, "vit.layernorm"));
        if (c.texts("architectures").contains("ViTForImageClassification")) {
            p.name("logits", p.linear(first, Weight.of("classifier", true), "class", Labels.count(c)));
        } else if (has.test("vit.pooler.dense.weight")) {
            Unary f = Activations.of(c, "pooler_act", "tanh");
            int width = c.positive("pooler_output_size", s.width());
            p.name("pooler", p.apply(f, p.linear(first, Weight.of("vit.pooler.dense", true), "width", width)));
        }
    }

    /** From the embeddings to what leaves the last block. */
    static Value body(Config c, Parts p, String model, Value embed, Sizes s) {
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-12));
        Value position =
                p.lookup(model + "embeddings.position_embeddings", "position", s.context(), p.ints("position"));
        Value x = p.sum(embed, p.name("hook_pos_embed", position));
        for (int i = 0; i < s.layers(); i++) {
            x = block(c, p, p.beginBlock(i, x), model + "encoder.layer." + i + ".", x, s, norm);
        }
        p.graph().endBlocks();
        return x;
    }

    private static Value block(Config c, Parts p, String block, String n, Value x, Sizes s, Norm norm) {
        String a = n + "attention.attention.";
        boolean bias = c.flag("qkv_bias", true);
        Heads heads = Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                Weight.of(a + "query", bias),
                Weight.of(a + "key", bias),
                Weight.of(a + "value", bias),
                Weight.of(n + "attention.output.dense", true),
                new Attention(1 / Math.sqrt(s.headSize()), false, 0, 0));
        Value attn = p.attention(block, p.norm(block + "ln1.", norm, x, n + "layernorm_before"), heads);
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        Value normed = p.norm(block + "ln2.", norm, mid, n + "layernorm_after");
        Unary f = Activations.of(c, "hidden_act", "gelu");
        Value mlp = p.mlp(
                block,
                normed,
                f,
                s.hidden(),
                Weight.of(n + "intermediate.dense", true),
                Weight.of(n + "output.dense", true));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }
}
