package dev.cutaway.train;

import dev.cutaway.tensor.UsageException;

/**
 * The learning rate over a run, as in transformers: step s (from 1) uses the multiplier of s - 1, so warm-up starts at 0 and linear and
 * cosine reach their end after the last step.
 *
 * @param shape how the rate falls
 * @param steps of the run
 * @param warmup steps in which the rate rises from 0
 * @param decay steps in which it falls at the end (warmup-stable-decay only)
 * @param end what remains of the rate at the end, as a share of it
 */
public record Schedule(Shape shape, long steps, long warmup, long decay, double end) {
    /** How the rate falls after warm-up. */
    public enum Shape {
        CONSTANT,
        LINEAR,
        COSINE,
        /** Constant, then a cosine to the end. */
        WSD
    }

    public Schedule {
        if (steps < 1 || warmup < 0 || decay < 0 || !(end >= 0 && end <= 1)) {
            throw new UsageException("schedule of " + steps + " steps, warmup " + warmup + ", decay " + decay + ", end "
                    + end + ": steps must be at least 1, the others not negative, the end at most 1");
        }
    }

    public static Schedule constant() {
        return new Schedule(Shape.CONSTANT, 1, 0, 0, 0);
    }

    /** What the rate is multiplied by in a step, counted from 1. */
    public double multiplier(long step) {
        long s = step - 1;
        if (s < warmup) {
            double risen = (double) s / warmup;
            return shape == Shape.WSD ? toEnd(risen) : risen; // there warm-up begins at the end's rate
        }
        double done = (double) (s - warmup) / Math.max(1, steps - warmup);
        return switch (shape) {
            case CONSTANT -> 1;
            case LINEAR -> toEnd(Math.max(0, 1 - done));
            case COSINE -> toEnd(Math.max(0, 0.5 * (1 + Math.cos(Math.PI * done))));
            case WSD -> {
                long falling = s - (steps - decay);
                yield falling <= 0 ? 1 : toEnd(falling >= decay ? 0 : 0.5 * (1 + Math.cos(Math.PI * falling / decay)));
            }
        };
    }

    private double toEnd(double share) {
        return share * (1 - end) + end;
    }
}
