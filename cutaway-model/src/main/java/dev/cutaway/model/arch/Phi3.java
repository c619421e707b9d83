package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Phi-3 and 3.5 (arXiv 2404.14219): Llama with fused projections and LongRoPE. */
final class Phi3 implements Architecture {
    @Override
    public String name() {
        return "phi3";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        return Initial.usual(c, name, rank).padding(c, "model.embed_tokens.weight", name, 32000);
    }

    @Override
    public Sizes sizes(Config c) {
        return LlamaFamily.sizes(c, 0);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        int window = c.count("sliding_window", 0);
        LlamaFamily.of(c)
                .norm(
                        Norm.rms(c.real("rms_norm_eps", 1e-5)),
                        LlamaFamily.Norms.BEFORE) // transformers' default, not Llama's
                .fused()
                .window(i -> window)
                .build(g);
    }
}
