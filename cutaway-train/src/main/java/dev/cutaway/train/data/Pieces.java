package dev.cutaway.train.data;

import java.util.Arrays;

/**
 * Pieces of a store: from where, how long.
 *
 * @param starts of each
 * @param lengths of each
 */
record Pieces(long[] starts, int[] lengths) {
    /**
     * Cuts sequences into pieces.
     *
     * @param joined whether all sequences are one
     * @param step numbers from the start of a piece to that of the next
     * @param beyond how many numbers of the next a piece has, where there are some
     */
    static Pieces of(TokenStore store, boolean joined, int step, int beyond) {
        long[] starts = new long[16];
        int[] lengths = new int[16];
        int n = 0;
        for (int s = 0; s < (joined ? 1 : store.sequences()); s++) {
            long end = joined ? store.size() : store.start(s) + store.length(s);
            for (long from = store.start(s); end - from > beyond; from += step) {
                if (n == starts.length) {
                    starts = Arrays.copyOf(starts, 2 * n);
                    lengths = Arrays.copyOf(lengths, 2 * n);
                }
                starts[n] = from;
                lengths[n++] = (int) Math.min((long) step + beyond, end - from);
            }
        }
        return new Pieces(Arrays.copyOf(starts, n), Arrays.copyOf(lengths, n));
    }

    int count() {
        return starts.length;
    }

    int[] get(TokenStore store, long i) {
        return store.copy(starts[(int) i], lengths[(int) i]);
    }
}
