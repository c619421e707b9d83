package dev.cutaway.inspect;

import java.util.List;
import java.util.Optional;

/** The models that a page may choose from. Opened when first asked for, closed with the server. */
public interface ModelSource extends AutoCloseable {
    /** The names to choose from, the one to begin with first. */
    List<String> names();

    /** Opens a model, or gives the one that is open. */
    InspectedModel open(String name);

    /** Says that a model which was opened is not used any more by whoever opened it. */
    default void release(InspectedModel model) {}

    /** The training run that the models are steps of, if they are. */
    default Optional<TrainingWatch> training() {
        return Optional.empty();
    }

    @Override
    default void close() {}
}
