package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Qwen 3 (arXiv 2505.09388): Llama with a norm of each query and key head. */
final class Qwen3 implements Architecture {
    @Override
    public String name() {
        return "qwen3";
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
        return LlamaFamily.sizes(c, 128);
    }

    @Override
    public void build(Config c, Predicate<String> has, GraphBuilder g) {
        int window = c.flag("use_sliding_window", false) ? c.count("sliding_window", 4096) : 0;
        int first = c.count("max_window_layers", 28);
        boolean bias = c.flag("attention_bias", false);
        LlamaFamily.of(c, sizes(c))
                .biases(bias, bias, false)
                .headNorms(true)
                .window(LlamaFamily.layerTypes(c, window, i -> i >= first ? window : 0))
                .build(g);
    }
}
