package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.kernel.Lanes.COUNT;
import static dev.cutaway.tensor.kernel.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Sums across lanes in one fixed order, halves onto halves. The API's own reduction leaves the order open, and compiled code
 * does choose another one than the interpreter, so that the same row would give different bits before and after warming up.
 */
final class Reduce {
    private static final VectorShuffle<Float> EIGHT = folding(8);
    private static final VectorShuffle<Float> FOUR = folding(4);
    private static final VectorShuffle<Float> TWO = folding(2);
    private static final VectorShuffle<Float> NEXT = folding(1);

    private Reduce() {}

    private static VectorShuffle<Float> folding(int distance) {
        return VectorShuffle.fromOp(FLOATS, i -> (i + distance) % COUNT);
    }

    /** The sum of all lanes. */
    static float sum(FloatVector v) {
        FloatVector s = v;
        if (COUNT > 8) {
            s = s.add(s.rearrange(EIGHT));
        }
        if (COUNT > 4) {
            s = s.add(s.rearrange(FOUR));
        }
        s = s.add(s.rearrange(TWO));
        return s.add(s.rearrange(NEXT)).lane(0);
    }
}
