package dev.cutaway.train.run;

import dev.cutaway.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Told what a run does, in the order in which it happens, on the run's thread. */
public interface RunListener {
    /**
     * A run begins, or goes on.
     *
     * @param recipe what is run
     * @param parameters numbers that are trained
     * @param done steps that were done before
     * @param notes what is worth knowing: lines of the data that were left out, weights that begin with random numbers
     */
    default void begin(Recipe recipe, long parameters, long done, List<String> notes) {}

    /**
     * A step is done.
     *
     * @param tokensPerSecond rows that were computed, over the time of the step
     * @param norms by part of the model (a block, an embedding), on steps that {@code watch_every} divides; else empty
     */
    default void step(Trainer.Step step, double tokensPerSecond, Map<String, Trainer.Norms> norms) {}

    /**
     * What the held-out data gave after a step.
     *
     * @param right by the name of the labels: which share of them were the likeliest classes
     */
    default void valid(long step, double loss, Map<String, Double> right) {}

    /** What the model says after a step. */
    default void sample(long step, String prompt, String text) {}

    /** A checkpoint is on the disk. */
    default void checkpoint(long step, Path directory, boolean best) {}

    /** A model that stays is on the disk. */
    default void snapshot(long step, Path directory) {}

    /** The run is over, and what it made is in {@code out}. */
    default void end(long step, Path out, double seconds) {}
}
