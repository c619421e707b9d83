package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/** Mistral 7B (arXiv 2310.06825): Llama with a sliding window. */
final class Mistral implements Architecture {
    @Override
    public String name() {
        return "mistral";
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
        int window = c.values().containsKey("sliding_window") ? c.count("sliding_window", 0) : 4096;
        LlamaFamily.of(c).window(i -> window).build(g);
    }
}
