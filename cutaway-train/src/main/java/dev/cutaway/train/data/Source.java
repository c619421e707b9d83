package dev.cutaway.train.data;

import dev.cutaway.train.Example;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Examples by number. */
interface Source extends AutoCloseable {
    /** How many there are. */
    long size();

    /**
     * One of them.
     *
     * @param i from 0
     * @param draws for masks, windows and augmentation: its own in each step
     */
    Example example(long i, SplittableRandom draws);

    /** What to call the data in messages. */
    String name();

    default List<String> complaints() {
        return List.of();
    }

    default List<String> classes() {
        return List.of();
    }

    default Map<String, Object> preprocessor() {
        return Map.of();
    }

    @Override
    default void close() {}
}
