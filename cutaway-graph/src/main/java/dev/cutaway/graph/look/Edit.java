package dev.cutaway.graph.look;

import dev.cutaway.tensor.Tensor;

/** An intervention on one value: what stands in its place from here on. */
@FunctionalInterface
public interface Edit {
    /** Given what was computed, returns what is used instead; the same shape. */
    Tensor apply(Tensor computed);
}
