package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.RelativeBias;
import dev.cutaway.graph.op.RelativeBuckets;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import java.util.function.Predicate;

/** T5 and T5 v1.1 (arXiv 1910.10683, 2002.05202): encoder and decoder, relative positions, unscaled attention, RMS norms. */
final class T5 implements Architecture {
    @Override
    public String name() {
        return "t5";
    }

    @Override
    public Family family() {
        return Family.ENCODER_DECODER;
    }

    @Override
    public String basePrefix() {
        return "transformer.";
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        Sizes s = sizes(c);
        double factor = c.real("initializer_factor", 1);
        double width = s.width();
        double deviation = switch (name.replaceAll(".*\\.(?=[^.]+\\.weight$)", "")) {
            case "q.weight" -> Math.pow(width * s.headSize(), -0.5);
            case "k.weight", "v.weight", "wi.weight", "wi_0.weight", "wi_1.weight", "relative_attention_bias.weight" ->
                Math.pow(width, -0.5);
            case "o.weight" -> Math.pow((double) s.heads() * s.headSize(), -0.5);
            case "wo.weight" -> Math.pow(s.hidden(), -0.5);
            default -> 1; // the embedding, and an unembedding of its own
        };
        return rank == 1 ? Initial.constant(factor) : Initial.normal(factor * deviation);
    }

    @Override
    public Sizes sizes(Config c) {
        int heads = c.positive("num_heads", 8);
        return new Sizes(
                c.positive("num_decoder_layers", c.positive("num_layers", 6)),
                heads,
                heads,
                c.positive("d_kv", 64),
                c.positive("d_model", 512),
                c.positive("d_ff", 2048),
                c.positive("vocab_size", 32128),
                c.positive("n_positions", 512),
                false);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Norm norm = Norm.rms(c.real("layer_norm_epsilon", 1e-6));
        Parts decoder = Parts.of(g, "decoder.", s.width());
        Parts encoder = decoder.source("encoder.");
        Value memory = encoder(c, g, encoder, s, norm);
        Value x = decoder.name("hook_embed", embed(decoder, s));
        Value bias = bias(c, decoder, "decoder.", s, false, g.input("key", Type.integers(Dim.of(Space.KEYS))));
        for (int i = 0; i < s.layers(); i++) {
            x = decoderBlock(
                    c, decoder, decoder.beginBlock(i, x), "decoder.block." + i + ".layer.", x, memory, bias, s, norm);
        }
        g.endBlocks();
        x = decoder.norm("ln_final.", norm, x, "decoder.final_layer_norm");
        // The flag decides whether the stream is scaled; whether the matrix is shared, the checkpoint does.
        boolean tied = c.flag("tie_word_embeddings", true);
        Value y = tied ? decoder.scale(x, 1 / Math.sqrt(s.width())) : x;
        boolean own = !tied && has.test("lm_head.weight");
        g.name("logits", decoder.linear(y, Weight.of(own ? "lm_head" : "shared", false), "token", s.vocabulary()));
    }

    private static Value embed(Parts p, Sizes s) {
        return p.lookup("shared.weight", "token", s.vocabulary(), p.ints("tokens"));
    }

    private static Value encoder(Config c, GraphBuilder g, Parts p, Sizes s, Norm norm) {
        Value x = p.name("hook_embed", embed(p, s));
        Value bias = bias(c, p, "encoder.", s, true, p.ints("row"));
        int layers = c.positive("num_layers", 6);
        for (int i = 0; i < layers; i++) {
            String block = p.beginBlock(i, x);
            String n = "encoder.block." + i + ".layer.";
            Value a = p.norm(block + "ln1.", norm, x, n + "0.layer_norm");
            Value attn = p.attention(
                    block, a, heads(s, n + "0.SelfAttention.", false).biased(bias));
            Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
            Value b = p.norm(block + "ln2.", norm, mid, n + "1.layer_norm");
            Value mlp = p.name(block + "hook_mlp_out", mlp(c, p, block, n + "1.DenseReluDense.", b, s));
            x = p.add(block + "hook_resid_post", mid, mlp);
        }
        g.endStack();
        return p.norm("ln_final.", norm, x, "encoder.final_layer_norm");
    }

    private static Value decoderBlock(
            Config c, Parts p, String block, String n, Value x, Value memory, Value bias, Sizes s, Norm norm) {
        Value a = p.norm(block + "ln1.", norm, x, n + "0.layer_norm");
        Value attn =
                p.attention(block, a, heads(s, n + "0.SelfAttention.", true).biased(bias));
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        Value b = p.norm(block + "ln2.", norm, mid, n + "1.layer_norm");
        Value cross = p.crossAttention(block, b, memory, heads(s, n + "1.EncDecAttention.", false));
        Value after = p.add(block + "hook_resid_mid_cross", mid, p.name(block + "hook_cross_attn_out", cross));
        Value d = p.norm(block + "ln3.", norm, after, n + "2.layer_norm");
        Value mlp = p.name(block + "hook_mlp_out", mlp(c, p, block, n + "2.DenseReluDense.", d, s));
        return p.add(block + "hook_resid_post", after, mlp);
    }

    private static Heads heads(Sizes s, String n, boolean causal) {
        return Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                Weight.of(n + "q", false),
                Weight.of(n + "k", false),
                Weight.of(n + "v", false),
                Weight.of(n + "o", false),
                new Attention(1, causal, 0, 0));
    }

    private static Value bias(Config c, Parts p, String stack, Sizes s, boolean bothWays, Value keys) {
        int buckets = c.positive("relative_attention_num_buckets", 32);
        RelativeBuckets b = new RelativeBuckets(bothWays, buckets, c.positive("relative_attention_max_distance", 128));
        Value table = p.weight(
                stack + "block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                Dim.of("bucket", buckets),
                Dim.of("head", s.heads()));
        return p.name("blocks.0.attn.hook_rel_pos_bias", p.apply(new RelativeBias(b), table, p.ints("row"), keys));
    }

    private static Value mlp(Config c, Parts p, String block, String n, Value x, Sizes s) {
        String kind = c.text("feed_forward_proj", "relu");
        Weight down = Weight.of(n + "wo", false);
        if (kind.startsWith("gated-")) {
            Unary f = kind.equals("gated-gelu") ? Unary.GELU_TANH : Unary.SILU;
            return p.gatedMlp(
                    block, x, f, s.hidden(), Weight.of(n + "wi_0", false), Weight.of(n + "wi_1", false), down);
        }
        Unary f = kind.equals("relu") ? Unary.RELU : Unary.GELU;
        return p.mlp(block, x, f, s.hidden(), Weight.of(n + "wi", false), down);
    }
}
