package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.function.Predicate;

/**
 * An image and the words about it as rows of one decoder: Cutaway's own, pre-norm as {@link Gpt2}. A row is a projected patch or a
 * word's embedding, to which the learned vector of its modality and that of its position are added. All attention is causal, also between
 * patches: so a row is computed once and never again, whatever follows it, and the last patch has seen all others.
 */
final class Captioner implements Architecture {
    /** What {@code token_type_ids} say of a row. */
    private static final int IMAGE = 0;

    private static final int TEXT = 1;

    @Override
    public String name() {
        return "captioner";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public boolean readsImages() {
        return true;
    }

    @Override
    public String basePrefix() {
        return "captioner.";
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        return name.startsWith("captioner.modalities.")
                ? Initial.normal(Initial.range(c))
                : Initial.usual(c, name, rank);
    }

    @Override
    public long[] storedShape(Config c, String name, long[] shape) {
        ImageSizes image = ImageSizes.of(c);
        return name.equals("captioner.patches.weight")
                ? new long[] {shape[0], image.channels(), image.patchHeight(), image.patchWidth()}
                : shape;
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("hidden_size", 128);
        int heads = c.positive("num_attention_heads", 4);
        int patches = ImageSizes.of(c).patches();
        int context = c.positive("max_position_embeddings", patches + 32);
        if (context <= patches) {
            throw c.bad(
                    "max_position_embeddings", "must exceed the " + patches + " patches of an image; words follow it");
        }
        return new Sizes(
                c.positive("num_hidden_layers", 4),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("intermediate_size", 4 * width),
                c.positive("vocab_size", 256),
                context,
                true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Parts p = Parts.of(g, "", s.width());
        Norm norm = Norm.layer(c.real("layer_norm_eps", 1e-5));
        Value x = embed(p, s, ImageSizes.of(c));
        for (int i = 0; i < s.layers(); i++) {
            x = block(c, p, p.beginBlock(i, x), "captioner.layers." + i + ".", x, s, norm);
        }
        boolean tied = c.flag("tie_word_embeddings", true);
        Weight unembed = Weight.of(tied ? "captioner.words" : "lm_head", false);
        p.logits(x, norm, "captioner.norm", unembed, s.vocabulary(), 0);
    }

    /**
     * Each row is both a word and a patch; in place of the one that it is not stands the vector of its modality, so that their sum is what
     * it is, and its modality.
     */
    private static Value embed(Parts p, Sizes s, ImageSizes image) {
        Value type = p.ints("token_type_ids");
        Value word = p.lookup("captioner.words.weight", "token", s.vocabulary(), p.ints("tokens"));
        Value pixels = p.graph().input("patches", Type.real(p.rows(), Dim.of("pixel", image.patchElements())));
        Value patch = p.linear(pixels, Weight.of("captioner.patches", true), "width", s.width());
        Value words = p.apply(new Choose(IMAGE), type, p.weight("captioner.modalities.image", p.width()), word);
        Value patches = p.apply(new Choose(TEXT), type, p.weight("captioner.modalities.text", p.width()), patch);
        Value position = p.lookup("captioner.positions.weight", "position", s.context(), p.ints("position"));
        return p.sum(p.add("hook_embed", words, patches), p.name("hook_pos_embed", position));
    }

    private static Value block(Config c, Parts p, String block, String n, Value x, Sizes s, Norm norm) {
        String a = n + "attention.";
        Heads heads = Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                Weight.of(a + "query", true),
                Weight.of(a + "key", true),
                Weight.of(a + "value", true),
                Weight.of(a + "output", true),
                new Attention(1 / Math.sqrt(s.headSize()), true, 0, 0));
        Value attn = p.attention(block, p.norm(block + "ln1.", norm, x, n + "norm1"), heads);
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        Value normed = p.norm(block + "ln2.", norm, mid, n + "norm2");
        Unary f = Activations.of(c, "hidden_act", "gelu");
        Value mlp = p.mlp(block, normed, f, s.hidden(), Weight.of(n + "mlp.up", true), Weight.of(n + "mlp.down", true));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }
}
