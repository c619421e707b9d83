package dev.cutaway.text.subword;

import java.util.Arrays;

/**
 * Which neighbours may be merged: from a pair of ids (in one long) to the merge's rank and the id of the merged piece.
 * Open addressing in two flat arrays, because this is the innermost lookup of byte-pair encoding.
 */
public final class MergeTable {
    private static final long FREE = -1L;
    private final long[] keys;
    private final long[] values; // rank << 32 | merged id
    private final int mask;

    /** Room for {@code merges} entries. */
    public MergeTable(int merges) {
        int size = Math.max(16, Integer.highestOneBit(Math.max(1, merges)) << 2);
        keys = new long[size];
        values = new long[size];
        Arrays.fill(keys, FREE);
        mask = size - 1;
    }

    private static int slot(long key) {
        long h = key * 0x9E3779B97F4A7C15L;
        return (int) (h >>> 32) ^ (int) (h >>> 50);
    }

    /** Enters a merge; for a pair that is there already, {@code replace} says which of the two holds. */
    public void put(int left, int right, int rank, int merged, boolean replace) {
        long key = (long) left << 32 | right;
        int at = slot(key) & mask;
        while (keys[at] != FREE) {
            if (keys[at] == key) {
                if (replace) {
                    values[at] = (long) rank << 32 | merged;
                }
                return;
            }
            at = (at + 1) & mask;
        }
        keys[at] = key;
        values[at] = (long) rank << 32 | merged;
    }

    /** Rank and merged id as {@code rank << 32 | id}, or -1 if the pair is never merged. */
    public long find(int left, int right) {
        long key = (long) left << 32 | right;
        int at = slot(key) & mask;
        while (true) {
            long k = keys[at];
            if (k == key) {
                return values[at];
            }
            if (k == FREE) {
                return -1;
            }
            at = (at + 1) & mask;
        }
    }
}
