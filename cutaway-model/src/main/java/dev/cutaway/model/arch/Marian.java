package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Concat;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.List;
import java.util.function.Predicate;

/**
 * Marian (arXiv 1804.00344), the encoder-decoder of the first Transformer (arXiv 1706.03762): sinusoidal positions, norms after
 * adding, one embedding for both sides and for the scores.
 */
final class Marian implements Architecture {
    @Override
    public String name() {
        return "marian";
    }

    @Override
    public Family family() {
        return Family.ENCODER_DECODER;
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("d_model", 1024);
        int heads = c.positive("decoder_attention_heads", 16);
        return new Sizes(
                c.positive("decoder_layers", 12),
                heads,
                heads,
                headSize(c, "decoder_attention_heads", width),
                width,
                c.positive("decoder_ffn_dim", 4096),
                c.positive("vocab_size", 58101),
                c.positive("max_position_embeddings", 1024),
                false);
    }

    private static int headSize(Config c, String key, int width) {
        int heads = c.positive(key, 16);
        if (width % heads != 0) {
            throw c.bad(key, "is " + heads + ", which does not divide d_model " + width);
        }
        return width / heads;
    }

    /** What the two stacks have in common. */
    private record Stack(Parts p, String name, int layers, int heads, int headSize, int hidden, Unary f, Norm norm) {
        Heads heads(String n, boolean causal) {
            return Heads.plain(
                    heads,
                    heads,
                    headSize,
                    Weight.of(n + "q_proj", true),
                    Weight.of(n + "k_proj", true),
                    Weight.of(n + "v_proj", true),
                    Weight.of(n + "out_proj", true),
                    new Attention(1 / Math.sqrt(headSize), causal, 0, 0));
        }

        Value mlp(String block, Value x, String n) {
            Value y = p.mlp(block, x, f, hidden, Weight.of(n + "fc1", true), Weight.of(n + "fc2", true));
            return p.name(block + "hook_mlp_out", y);
        }
    }

    private static Stack stack(Config c, Parts p, String name) {
        return new Stack(
                p,
                "model." + name,
                c.positive(name + "_layers", 12),
                c.positive(name + "_attention_heads", 16),
                headSize(c, name + "_attention_heads", c.positive("d_model", 1024)),
                c.positive(name + "_ffn_dim", 4096),
                Activations.of(c, "activation_function", "gelu"),
                // Marian's configuration has no field for it; PyTorch's default is what all its norms have.
                Norm.layer(1e-5));
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        checkSupported(c, s);
        Parts decoder = Parts.of(g, "decoder.", s.width());
        Parts encoder = decoder.source("encoder.");
        String source = table(c, has, "model.encoder.embed_tokens.weight");
        String target = table(c, has, "model.decoder.embed_tokens.weight");
        Value memory = encoder(stack(c, encoder, "encoder"), embed(c, encoder, s, source));
        Value x = decoder(stack(c, decoder, "decoder"), embed(c, decoder, s, target), memory);
        Dim token = Dim.of("token", s.vocabulary());
        Value table = decoder.weight(table(c, has, "lm_head.weight"), token, decoder.width());
        Value logits = has.test("final_logits_bias")
                ? decoder.apply(new Linear(), x, table, decoder.constant("final_logits_bias", token))
                : decoder.apply(new Linear(), x, table);
        g.name("logits", logits);
    }

    /** Where the tables are not one and the same, each is its own, as far as the checkpoint keeps it. */
    private static String table(Config c, Predicate<String> has, String own) {
        return !c.flag("tie_word_embeddings", true) && has.test(own) ? own : "model.shared.weight";
    }

    private static void checkSupported(Config c, Sizes s) {
        if (!c.flag("share_encoder_decoder_embeddings", true)
                || c.positive("decoder_vocab_size", s.vocabulary()) != s.vocabulary()) {
            throw c.bad(
                    "share_encoder_decoder_embeddings",
                    "or decoder_vocab_size says that the two languages have vocabularies of their own, which is not "
                            + "supported; use a model with a common one");
        }
        if (s.width() % 2 != 0) {
            throw c.bad("d_model", "is " + s.width() + "; sines and cosines need an even number");
        }
    }

    /** Names what enters the first block: {@code hook_embed} and {@code hook_pos_embed}, added. */
    private static Value embed(Config c, Parts p, Sizes s, String table) {
        // Padding, with which the decoder begins, is not trained by being looked up.
        Gather gather = new Gather(c.count("pad_token_id", 58100));
        Value words = p.lookup(gather, table, "token", s.vocabulary(), p.ints("tokens"));
        Value scaled = c.flag("scale_embedding", false) ? p.scale(words, Math.sqrt(s.width())) : words;
        Node angles = p.graph().addAll(new RopeTable(new Sinusoids(s.width() / 2)), List.of(p.ints("position")), "");
        Value position = p.apply(new Concat(), angles.value(1), angles.value(0));
        return p.sum(p.name("hook_embed", scaled), p.name("hook_pos_embed", position));
    }

    private static Value encoder(Stack s, Value embedded) {
        Parts p = s.p;
        Value x = embedded;
        for (int i = 0; i < s.layers; i++) {
            String block = p.beginBlock(i, x);
            String n = s.name + ".layers." + i + ".";
            Value attn = p.attention(block, x, s.heads(n + "self_attn.", false));
            Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
            Value a = p.norm(block + "ln1.", s.norm, mid, n + "self_attn_layer_norm");
            Value post = p.add(block + "hook_resid_post", a, s.mlp(block, a, n));
            x = p.norm(block + "ln2.", s.norm, post, n + "final_layer_norm");
            p.name(block + "hook_normalized_resid_post", x);
        }
        p.graph().endStack();
        return x;
    }

    private static Value decoder(Stack s, Value embedded, Value memory) {
        Parts p = s.p;
        Value x = embedded;
        for (int i = 0; i < s.layers; i++) {
            String block = p.beginBlock(i, x);
            String n = s.name + ".layers." + i + ".";
            Value attn = p.attention(block, x, s.heads(n + "self_attn.", true));
            Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
            Value a = p.norm(block + "ln1.", s.norm, mid, n + "self_attn_layer_norm");
            Value cross = p.crossAttention(block, a, memory, s.heads(n + "encoder_attn.", false));
            Value after = p.add(block + "hook_resid_mid_cross", a, p.name(block + "hook_cross_attn_out", cross));
            Value b = p.norm(block + "ln2.", s.norm, after, n + "encoder_attn_layer_norm");
            Value post = p.add(block + "hook_resid_post", b, s.mlp(block, b, n));
            x = p.norm(block + "ln3.", s.norm, post, n + "final_layer_norm");
            p.name(block + "hook_normalized_resid_post", x);
        }
        p.graph().endBlocks();
        return x;
    }
}
