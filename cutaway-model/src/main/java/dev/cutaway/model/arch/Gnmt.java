package dev.cutaway.model.arch;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.graph.op.Concat;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/**
 * A small recurrent encoder-decoder with attention, put together as GNMT (Wu et al., arXiv 1609.08144, section 3), for contrast with
 * Transformers. The lowest layer of the encoder reads both ways; above it, residual layers read forwards. The decoder's lowest layer
 * asks the source by additive attention, and what it reads goes to all layers above. No checkpoint of another library has this form; names and
 * {@code model_type} are our own.
 *
 * <p>Two differences: the query is the lowest layer's state at the same position, not at the one before, and residuals begin at the second
 * layer, not at the third.
 */
final class Gnmt implements Architecture {
    @Override
    public String name() {
        return "gnmt";
    }

    @Override
    public Family family() {
        return Family.ENCODER_DECODER;
    }

    @Override
    public Sizes sizes(Config c) {
        int width = c.positive("d_model", 256);
        if (width % 2 != 0) {
            throw c.bad(
                    "d_model",
                    "is " + width + "; the encoder's lowest layer has half of it each way, so it must be even");
        }
        int layers = c.positive("decoder_layers", 2);
        if (layers < 2) {
            throw c.bad(
                    "decoder_layers",
                    "is " + layers + "; what attention reads goes to the layers above the first, so give 2 or more");
        }
        return new Sizes(
                layers,
                1,
                1,
                c.positive("attention_size", width),
                width,
                width,
                c.positive("vocab_size", 8192),
                c.positive("max_position_embeddings", 1024),
                false);
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        double deviation = c.real("initializer_range", 1 / Math.sqrt(3.0 * c.positive("d_model", 256)));
        boolean table = name.endsWith("embed_tokens.weight");
        return name.endsWith(".bias")
                ? Initial.constant(0)
                : Initial.normal(deviation).padding(c, table ? name : "", name, -1);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Parts decoder = Parts.of(g, "decoder.", s.width());
        Parts encoder = decoder.source("encoder.");
        Value memory = encoder(encoder, c.positive("encoder_layers", 2), embed(c, encoder, s));
        Value x = decoder(decoder, s, embed(c, decoder, s), memory);
        boolean tied = c.flag("tie_word_embeddings", true);
        Value table = decoder.weight(
                tied ? "model.embed_tokens.weight" : "lm_head.weight",
                Dim.of("token", s.vocabulary()),
                decoder.width());
        g.name("logits", decoder.apply(new Linear(), x, table));
    }

    private static Value embed(Config c, Parts p, Sizes s) {
        Gather gather = new Gather(c.count("pad_token_id", -1));
        Value words = p.lookup(gather, "model.embed_tokens.weight", "token", s.vocabulary(), p.ints("tokens"));
        Value scaled = c.flag("scale_embedding", true) ? p.scale(words, Math.sqrt(s.width())) : words;
        return p.name("hook_embed", scaled);
    }

    private static Value encoder(Parts p, int layers, Value embedded) {
        Value x = embedded;
        for (int i = 0; i < layers; i++) {
            String block = p.beginBlock(i, x);
            String n = "model.encoder.layers." + i + ".";
            if (i == 0) {
                int half = p.width() instanceof Dim.Size(String label, int width) ? width / 2 : 0;
                Value ahead =
                        lstm(p, block + "lstm.", n + "ahead.", x, half, false).value(0);
                Value back = lstm(p, block + "lstm_back.", n + "back.", x, half, true)
                        .value(0);
                x = p.name(block + "hook_lstm_out", p.apply(new Concat(), ahead, back));
            } else {
                x = residual(
                        p, block, x, lstm(p, block + "lstm.", n, x, x.type().size(1), false));
            }
            p.name(block + "hook_resid_post", x);
        }
        p.graph().endStack();
        return x;
    }

    private static Value residual(Parts p, String block, Value x, Node lstm) {
        return p.sum(x, p.name(block + "hook_lstm_out", lstm.value(0)));
    }

    /** A layer that reads whole sources. */
    private static Node lstm(Parts p, String scope, String n, Value x, int width, boolean backwards) {
        Value gates = p.linear(x, Weight.of(n + "input", true), "gates", 4 * width);
        Value w = recurrent(p, n, width);
        return p.scoped(scope, new Lstm(backwards), gates, w);
    }

    private static Value recurrent(Parts p, String n, int width) {
        return p.weight(n + "recurrent.weight", Dim.of("gates", 4 * width), Dim.of("width", width));
    }

    /** A layer that goes on from where the sequence was left. */
    private static Node carried(Parts p, String scope, String n, Value x) {
        int width = p.width() instanceof Dim.Size(String label, int w) ? w : 0;
        Value gates = p.linear(x, Weight.of(n + "input", true), "gates", 4 * width);
        Value state = p.apply(new Carried("decoder." + scope + "state", width));
        Value cell = p.apply(new Carried("decoder." + scope + "cell", width));
        Node lstm = p.scoped(scope, new Lstm(false), gates, recurrent(p, n, width), state, cell);
        keep(p, "decoder." + scope + "state", lstm.value(0), Space.KEYS);
        keep(p, "decoder." + scope + "cell", lstm.value(1), Space.KEYS);
        return lstm;
    }

    private static Value keep(Parts p, String state, Value rows, Space space) {
        Value one = p.apply(oneHead(rows), rows);
        return p.apply(new Cache(state, space), one);
    }

    private static Reshape oneHead(Value rows) {
        return Reshape.to(
                rows.type().dim(0),
                Dim.of("head", 1),
                Dim.of("head size", rows.type().size(1)));
    }

    private static Value decoder(Parts p, Sizes s, Value embedded, Value memory) {
        String block = p.beginBlock(0, embedded);
        Value x = p.name(
                block + "hook_lstm_out",
                carried(p, block + "lstm.", "model.decoder.layers.0.", embedded).value(0));
        p.name(block + "hook_resid_post", x);
        Value context = attention(p, block, s, x, memory);
        for (int i = 1; i < s.layers(); i++) {
            String next = p.beginBlock(i, x);
            Value in = p.name(next + "hook_lstm_in", p.apply(new Concat(), x, context));
            x = residual(p, next, x, carried(p, next + "lstm.", "model.decoder.layers." + i + ".", in));
            p.name(next + "hook_resid_post", x);
        }
        p.graph().endBlocks();
        return x;
    }

    private static Value attention(Parts p, String block, Sizes s, Value x, Value memory) {
        String at = block + "cross_attn.";
        Value query = p.linear(x, Weight.of("model.attention.query", true), "head size", s.headSize());
        Value key = p.linear(memory, Weight.of("model.attention.key", false), "head size", s.headSize());
        Value q = p.name(at + "hook_q", p.apply(oneHead(query), query));
        Value k = p.name(at + "hook_k", p.apply(oneHead(key), key));
        Value v = p.name(at + "hook_v", p.apply(oneHead(memory), memory));
        Value z = p.scoped(
                        at,
                        new AdditiveAttention(),
                        q,
                        p.apply(new Cache("decoder." + at + "k", Space.SOURCE), k),
                        p.apply(new Cache("decoder." + at + "v", Space.SOURCE), v),
                        p.weight("model.attention.score.weight", Dim.of("head", 1), Dim.of("head size", s.headSize())))
                .value(0);
        return p.name(block + "hook_context", p.apply(Reshape.to(x.type().dim(0), p.width()), z));
    }
}
