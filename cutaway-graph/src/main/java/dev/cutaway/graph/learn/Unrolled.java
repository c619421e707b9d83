package dev.cutaway.graph.learn;

import java.util.List;

/** Steps of which the batch says how many there are: a recurrence has one for each place in the longest sequence. */
@FunctionalInterface
interface Unrolled {
    /** The steps for the batch at hand. */
    List<Step> steps(Work w);
}
