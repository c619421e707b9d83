package dev.cutaway.model.arch;

import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Sizes;
import java.util.function.Predicate;

/**
 * One kind of model, named as in {@code config.json}'s {@code model_type}: maps a configuration and weight names to the parts of
 * a Transformer, and nothing else.
 */
public interface Architecture {
    /** The {@code model_type}. */
    String name();

    Family family();

    /** The sizes that a configuration says; checked before any memory is taken. */
    Sizes sizes(Config c);

    /**
     * Builds the graph. Reads no weights.
     *
     * @param has whether the checkpoint holds a tensor; where there is none (describe), what the configuration implies
     */
    void build(Config c, Predicate<String> has, GraphBuilder g);

    /** Of a model that reads images: the rows before its patches' (class tokens), which hold no pixels. */
    default int classRows(Config c) {
        return 0;
    }

    /** Whether it reads images; a decoder that does reads one before its words. */
    default boolean readsImages() {
        return family() == Family.VISION;
    }

    /** What base-model names are prefixed with in checkpoints of models with a head ({@code transformer.}); tried and left out. */
    default String basePrefix() {
        return "model.";
    }

    /**
     * How a weight begins where no checkpoint gives it, as in transformers.
     *
     * @param name as {@link #build} names it
     * @param rank dimensions that the checkpoint keeps it with
     */
    default Initial initial(Config c, String name, int rank) {
        return Initial.usual(c, name, rank);
    }

    /** The shape that checkpoints keep a weight in, where it is not the graph's (an image's patches). */
    default long[] storedShape(Config c, String name, long[] shape) {
        return shape;
    }
}
