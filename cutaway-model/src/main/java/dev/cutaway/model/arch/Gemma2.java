package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Gemma 2 (arXiv 2408.00118): norms before and after, soft caps, a window in every other layer. */
final class Gemma2 implements Architecture {
    @Override
    public String name() {
        return "gemma2";
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
        int window = c.count("sliding_window", 4096);
        boolean bias = c.flag("attention_bias", false);
        LlamaFamily.of(c, sizes(c))
                .biases(bias, bias, false)
                .norm(Norm.rmsPlusOne(c.real("rms_norm_eps", 1e-6)), LlamaFamily.Norms.BOTH)
                .activation("hidden_activation", "gelu_pytorch_tanh")
                .scale(1 / Math.sqrt(c.real("query_pre_attn_scalar", 256)))
                .caps(cap(c, "attn_logit_softcapping", 50), cap(c, "final_logit_softcapping", 30))
                .embedScale(Math.sqrt(c.positive("hidden_size")))
                .tied(c.flag("tie_word_embeddings", true))
                .window(LlamaFamily.layerTypes(c, window, i -> i % 2 == 0 ? window : 0))
                .build(g);
    }

    /** A soft cap; an explicit null switches it off. */
    private static double cap(Config c, String key, double otherwise) {
        return c.values().containsKey(key) ? c.real(key, 0) : otherwise;
    }
}
