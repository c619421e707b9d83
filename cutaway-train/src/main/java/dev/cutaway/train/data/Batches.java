package dev.cutaway.train.data;

import dev.cutaway.train.Example;
import java.util.List;
import java.util.Map;

/**
 * The examples of every step, as a pure function of the seed and the step: a run that is resumed has nothing to restore. Made by
 * {@link DataSource}. One thread at a time.
 */
public interface Batches extends AutoCloseable {
    /**
     * The examples of one step, the same for the same seed, whatever was asked before.
     *
     * @param step counted from 1
     * @throws dev.cutaway.tensor.BadInputException if a file has changed or gone, or none of the batch's labels count
     */
    List<Example> batch(long step);

    /** Examples (documents, windows, pairs, images ...) in an epoch. */
    long size();

    /** Steps of a pass over all examples; the last one of held-out data may be smaller. */
    long stepsPerEpoch();

    /** How often all examples have been seen after so many steps. */
    double epochs(long steps);

    /** What was left out or mended: how many lines and why, and the first few by file and line. Empty if nothing was. */
    default List<String> complaints() {
        return List.of();
    }

    /** The names of the classes in the order of their numbers; empty where there are none. */
    default List<String> classes() {
        return List.of();
    }

    /** What {@code preprocessor_config.json} must say so that the model is later given images as here; empty for other data. */
    default Map<String, Object> preprocessor() {
        return Map.of();
    }

    @Override
    void close();
}
