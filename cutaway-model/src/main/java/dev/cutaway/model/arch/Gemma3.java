package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;

/** Gemma 3, text (arXiv 2503.19786): five layers with a window and a rotation of their own, then one without. */
final class Gemma3 implements Architecture {
    @Override
    public String name() {
        return "gemma3_text";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        // Gains are kept around 0 here.
        return rank == 1
                ? Initial.constant(0)
                : Initial.usual(c, name, rank).padding(c, "model.embed_tokens.weight", name, 0);
    }

    @Override
    public Sizes sizes(Config c) {
        return LlamaFamily.sizes(c, 256);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        if (c.flag("use_bidirectional_attention", false)) {
            throw c.bad("use_bidirectional_attention", "is true, which is not supported; use a causal Gemma 3 model");
        }
        Sizes s = sizes(c);
        int window = c.count("sliding_window", 4096);
        int pattern = c.positive("sliding_window_pattern", 6);
        boolean bias = c.flag("attention_bias", false);
        IntUnaryOperator windows = LlamaFamily.layerTypes(c, window, i -> (i + 1) % pattern == 0 ? 0 : window);
        Optional<Config> both = c.inner("rope_parameters");
        Rope global = Rope.of(
                c,
                both.flatMap(b -> b.inner("full_attention")).or(() -> c.inner("rope_scaling")),
                s.headSize(),
                c.real("rope_theta", 1e6),
                1);
        Rope local = Rope.of(
                c,
                both.flatMap(b -> b.inner("sliding_attention")),
                s.headSize(),
                c.real("rope_local_base_freq", 1e4),
                1);
        LlamaFamily.of(c, s)
                .biases(bias, bias, false)
                .norm(Norm.rmsPlusOne(c.real("rms_norm_eps", 1e-6)), LlamaFamily.Norms.BOTH)
                .headNorms(true)
                .activation("hidden_activation", "gelu_pytorch_tanh")
                .scale(1 / Math.sqrt(c.real("query_pre_attn_scalar", 256)))
                .caps(c.real("attn_logit_softcapping", 0), c.real("final_logit_softcapping", 0))
                .embedScale(Math.sqrt(s.width()))
                .tied(c.flag("tie_word_embeddings", true))
                .window(windows)
                .ropes(i -> windows.applyAsInt(i) > 0 ? local : global)
                .build(g);
    }
}
