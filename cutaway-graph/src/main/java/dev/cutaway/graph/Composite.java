package dev.cutaway.graph;

import java.util.List;

/**
 * An operation that is defined by its expansion, a small graph of primitives (and of other composites). A plan may run it by
 * one fast kernel; looking and training open it. A generic test holds every kernel to its expansion.
 */
public non-sealed interface Composite extends Op {
    /**
     * Appends the expansion. Inside, {@link GraphBuilder#name} names values relative to the node's scope
     * ({@code hook_pattern} becomes {@code blocks.3.attn.hook_pattern}).
     *
     * @return one value per output
     */
    List<Value> expand(GraphBuilder g, List<Value> in);

    /** Output types, by default those of the expansion. */
    @Override
    default List<Type> types(List<Type> in) {
        return GraphBuilder.expansionTypes(this, in);
    }

    /**
     * Whether the expansion repeats what other nodes compute from the same inputs, as a gradient does with its forward values.
     * Where all is opened, those nodes are used instead, so that an intervention on a value also changes what is computed back from it.
     */
    default boolean recomputes() {
        return false;
    }
}
