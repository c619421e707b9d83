package dev.cutaway.inspect;

import java.util.List;

/** The models that a page may choose from. Opened when first asked for, closed with the server. */
public interface ModelSource extends AutoCloseable {
    /** The names to choose from, the one to begin with first. */
    List<String> names();

    /** Opens a model, or gives the one that is open. */
    InspectedModel open(String name);

    @Override
    default void close() {}
}
