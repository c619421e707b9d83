package dev.cutaway.graph;

import java.util.List;

/** What a node does. Either a {@link Primitive} that is evaluated, or a {@link Composite} that is defined by its expansion. */
public sealed interface Op permits Primitive, Composite {
    /** Output types for these input types; throws {@link IllegalArgumentException} with the shapes when they do not fit. */
    List<Type> types(List<Type> in);

    /** A short name for people and messages. */
    default String name() {
        return getClass().getSimpleName();
    }

    /** Constants that change the result, in words ({@code eps 1e-5}), for {@code describe}; empty if none. */
    default String constants() {
        return "";
    }
}
