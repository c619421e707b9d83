package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.arch.Parts.Heads;
import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** GPT-Neo (Black et al. 2021): GPT-2 with separate projections that have no biases, scores that are not scaled, and windows in some layers. */
final class GptNeo implements Architecture {
    private static final int MOST_LAYERS = 10_000;

    @Override
    public String name() {
        return "gpt_neo";
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
    public Sizes sizes(Config c) {
        int width = c.positive("hidden_size", 2048);
        int heads = c.positive("num_heads", 16);
        return new Sizes(
                c.positive("num_layers", 24),
                heads,
                heads,
                Math.max(1, width / heads),
                width,
                c.positive("intermediate_size", 4 * width),
                c.positive("vocab_size", 50257),
                c.positive("max_position_embeddings", 2048),
                true);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        Sizes s = sizes(c);
        Parts p = Parts.of(g, "", s.width());
        Norm norm = Norm.layer(c.real("layer_norm_epsilon", 1e-5));
        Unary f = Activations.of(c, "activation_function", "gelu_new");
        List<Integer> windows = windows(c, s.layers());
        Value embed =
                p.name("hook_embed", p.lookup("transformer.wte.weight", "token", s.vocabulary(), p.ints("tokens")));
        Value position = p.lookup("transformer.wpe.weight", "position", s.context(), p.ints("position"));
        Value x = p.sum(embed, p.name("hook_pos_embed", position));
        for (int i = 0; i < s.layers(); i++) {
            x = block(p, p.beginBlock(i, x), "transformer.h." + i + ".", x, s, norm, f, windows.get(i));
        }
        Weight unembed =
                c.flag("tie_word_embeddings", true) ? Weight.of("transformer.wte", false) : Weight.of("lm_head", false);
        p.logits(x, norm, "transformer.ln_f", unembed, s.vocabulary(), 0);
    }

    private static Value block(Parts p, String block, String n, Value x, Sizes s, Norm norm, Unary f, int window) {
        String attention = n + "attn.attention.";
        Heads heads = Heads.plain(
                s.heads(),
                s.heads(),
                s.headSize(),
                Weight.of(attention + "q_proj", false),
                Weight.of(attention + "k_proj", false),
                Weight.of(attention + "v_proj", false),
                Weight.of(attention + "out_proj", true),
                new Attention(1, true, window, 0));
        Value attn = p.attention(block, p.norm(block + "ln1.", norm, x, n + "ln_1"), heads);
        Value mid = p.add(block + "hook_resid_mid", x, p.name(block + "hook_attn_out", attn));
        Value normed = p.norm(block + "ln2.", norm, mid, n + "ln_2");
        Value mlp =
                p.mlp(block, normed, f, s.hidden(), Weight.of(n + "mlp.c_fc", true), Weight.of(n + "mlp.c_proj", true));
        return p.add(block + "hook_resid_post", mid, p.name(block + "hook_mlp_out", mlp));
    }

    /** How many keys a row of each layer sees, 0 for all: {@code attention_types} is {@code [[["global", "local"], 12]]}. */
    private static List<Integer> windows(Config c, int layers) {
        int window = c.positive("window_size", 256);
        List<Integer> out = new ArrayList<>();
        Object types =
                c.values().getOrDefault("attention_types", List.of(List.of(List.of("global", "local"), layers / 2)));
        if (types instanceof List<?> all) {
            for (Object o : all) {
                if (o instanceof List<?> pair
                        && pair.size() == 2
                        && pair.get(0) instanceof List<?> kinds
                        && pair.get(1) instanceof Number times
                        && (long) kinds.size() * times.intValue() <= MOST_LAYERS) {
                    for (int i = 0; i < times.intValue(); i++) {
                        kinds.forEach(k -> out.add("local".equals(k) ? window : 0));
                    }
                }
            }
        }
        if (out.size() != layers) {
            throw new BadInputException(c.file() + ": attention_types is for " + out.size() + " layers, num_layers is "
                    + layers + "; give [[[\"global\"], " + layers + "]]");
        }
        return out;
    }
}
