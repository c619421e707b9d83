package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** OLMo 2 (arXiv 2501.00656): norms after each branch, and of all query and key heads together. */
final class Olmo2 implements Architecture {
    @Override
    public String name() {
        return "olmo2";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        return Initial.usual(c, name, rank).padding(c, "model.embed_tokens.weight", name, 1);
    }

    @Override
    public Sizes sizes(Config c) {
        return LlamaFamily.sizes(c, 0);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        boolean bias = c.flag("attention_bias", false);
        LlamaFamily.of(c)
                .biases(bias, bias, false)
                .norm(Norm.rms(c.real("rms_norm_eps", 1e-5)), LlamaFamily.Norms.AFTER)
                .headNorms(false)
                .build(g);
    }
}
