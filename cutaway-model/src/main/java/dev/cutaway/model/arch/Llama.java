package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Llama 1 to 3 (arXiv 2302.13971, 2407.21783) and SmolLM 2. */
final class Llama implements Architecture {
    @Override
    public String name() {
        return "llama";
    }

    @Override
    public Family family() {
        return Family.DECODER;
    }

    @Override
    public Initial initial(Config c, String name, int rank) {
        return Initial.usual(c, name, rank).padding(c, "model.embed_tokens.weight", name, -1);
    }

    @Override
    public Sizes sizes(Config c) {
        return LlamaFamily.sizes(c, 0);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        boolean bias = c.flag("attention_bias", false);
        LlamaFamily.of(c).biases(bias, bias, c.flag("mlp_bias", false)).build(g);
    }
}
