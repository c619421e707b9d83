package dev.cutaway.train.data;

import java.util.SplittableRandom;

/**
 * A permutation of 0 to n - 1 that is computed, not kept: a Feistel network over the next even number of bits, walked until it
 * lands below n (Black and Rogaway 2002, "cycle walking").
 */
final class Shuffle {
    private static final int ROUNDS = 6;

    private final long n;
    private final int half;
    private final long mask;
    private final long[] keys = new long[ROUNDS];

    Shuffle(long n, long seed) {
        this.n = n;
        int bits = 64 - Long.numberOfLeadingZeros(Math.max(1, n - 1));
        this.half = Math.max(4, (bits + 1) / 2); // fewer mix badly
        this.mask = (1L << half) - 1;
        SplittableRandom r = new SplittableRandom(seed);
        for (int i = 0; i < ROUNDS; i++) {
            keys[i] = r.nextLong();
        }
    }

    /** Where {@code i} goes. */
    long of(long i) {
        long x = i;
        do {
            x = once(x);
        } while (x >= n);
        return x;
    }

    private long once(long x) {
        long left = x >>> half;
        long right = x & mask;
        for (long key : keys) {
            long next = left ^ mix(right + key) & mask;
            left = right;
            right = next;
        }
        return left << half | right;
    }

    /** Mixes all bits (the finaliser of SplitMix64, Steele et al. 2014). */
    static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /** Numbers that depend on all of these and their order. */
    static long mix(long a, long b, long c) {
        return mix(mix(mix(a + 0x9E3779B97F4A7C15L) ^ b * 0xD1342543DE82EF95L) + 0x9E3779B97F4A7C15L
                ^ c * 0xAF251AF3B0F025B5L);
    }
}
