package dev.cutaway.text.train;

/** Numbers from 0 upwards for distinct keys (not negative), in the order in which they were first seen. */
final class LongTable {
    private static final int MOST = 1 << 29;
    private long[] keys = new long[1 << 10]; // key + 1; 0 is free
    private int[] values = new int[1 << 10];
    private int count;

    private static int slot(long key) {
        long h = key * 0x9E3779B97F4A7C15L;
        return (int) (h >>> 32) ^ (int) (h >>> 50);
    }

    /** The key's number, or -1. */
    int find(long key) {
        int mask = keys.length - 1;
        for (int at = slot(key) & mask; ; at = (at + 1) & mask) {
            long here = keys[at];
            if (here == key + 1) {
                return values[at];
            }
            if (here == 0) {
                return -1;
            }
        }
    }

    /** The key's number; a new key gets the next one. */
    int add(long key) {
        int mask = keys.length - 1;
        int at = slot(key) & mask;
        while (keys[at] != 0) {
            if (keys[at] == key + 1) {
                return values[at];
            }
            at = (at + 1) & mask;
        }
        keys[at] = key + 1;
        values[at] = count++;
        if (2 * count > keys.length) {
            grow();
        }
        return count - 1;
    }

    private void grow() {
        if (keys.length == MOST) {
            throw TooLarge.of("more than " + MOST / 2 + " different pairs or beginnings of pieces");
        }
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[2 * oldKeys.length];
        values = new int[2 * oldKeys.length];
        int mask = keys.length - 1;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = slot(oldKeys[i] - 1) & mask;
                while (keys[at] != 0) {
                    at = (at + 1) & mask;
                }
                keys[at] = oldKeys[i];
                values[at] = oldValues[i];
            }
        }
    }
}
