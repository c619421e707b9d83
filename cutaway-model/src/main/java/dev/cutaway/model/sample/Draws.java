package dev.cutaway.model.sample;

/**
 * Uniform numbers from a seed: SplitMix64 (Steele, Lea and Flood 2014), a counter put through a mixing function. Its
 * state is one long, so a sequence can be copied and replayed, and it is the same on every machine.
 */
final class Draws {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    Draws(long seed) {
        state = mix(seed);
    }

    Draws(Draws other) {
        state = other.state;
    }

    /** The next number in [0, 1), a multiple of 2^-53. */
    double next() {
        state += GAMMA;
        return (mix(state) >>> 11) * 0x1p-53;
    }

    static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
