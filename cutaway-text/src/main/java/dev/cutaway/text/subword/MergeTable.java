package dev.cutaway.text.subword;

/**
 * Which neighbours may be merged: from a pair of ids to the merge's rank and the id of the merged piece. Open addressing: a
 * slot holds eight bits of the pair's hash and the rank, so that pairs that are never merged, which most are, are told by
 * one look; the pair itself and what it becomes lie together under the rank. 23 bytes a merge.
 */
public final class MergeTable {
    private static final int RANK = 0xFFFFFF; // the part of a slot that holds a rank + 1
    private final int[] slots; // 0 = free
    private final int[] merges; // by rank: left, right, merged

    /** Room for {@code merges} entries. */
    public MergeTable(int merges) {
        this.slots = new int[Integer.highestOneBit(Math.max(8, merges + (merges >> 1))) << 1];
        this.merges = new int[3 * merges];
    }

    private static int hash(int left, int right) {
        int h = (left * 0x9E3779B1 ^ right) * 0x85EBCA6B;
        return h ^ h >>> 15;
    }

    /** Enters a merge; for a pair that is there already, {@code replace} says which of the two holds. */
    public void put(int left, int right, int rank, int merged, boolean replace) {
        int h = hash(left, right);
        int mask = slots.length - 1;
        int at = h & mask;
        while (slots[at] != 0) {
            int m = 3 * ((slots[at] & RANK) - 1);
            if (merges[m] == left && merges[m + 1] == right) {
                if (!replace) {
                    return;
                }
                break;
            }
            at = at + 1 & mask;
        }
        slots[at] = h & ~RANK | rank + 1;
        merges[3 * rank] = left;
        merges[3 * rank + 1] = right;
        merges[3 * rank + 2] = merged;
    }

    /** Rank and merged id as {@code rank << 32 | id}, or {@link Merger#NEVER}. */
    public long find(int left, int right) {
        int h = hash(left, right);
        int mask = slots.length - 1;
        for (int at = h & mask; ; at = at + 1 & mask) {
            int slot = slots[at];
            if (slot == 0) {
                return Merger.NEVER;
            }
            if (((slot ^ h) & ~RANK) == 0) {
                int rank = (slot & RANK) - 1;
                if (merges[3 * rank] == left && merges[3 * rank + 1] == right) {
                    return (long) rank << 32 | merges[3 * rank + 2];
                }
            }
        }
    }
}
