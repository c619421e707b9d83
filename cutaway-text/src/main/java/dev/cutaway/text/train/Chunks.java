package dev.cutaway.text.train;

import java.util.Arrays;

/** Distinct short texts with their counts, all in a few arrays. */
final class Chunks {
    private int[] slots = new int[1 << 12]; // number of the chunk + 1; 0 is free
    private char[] units = new char[1 << 14];
    private int[] ends = new int[1 << 11];
    private int[] hashes = new int[1 << 11];
    private long[] counts = new long[1 << 11];
    private int count;

    int size() {
        return count;
    }

    private int from(int i) {
        return i == 0 ? 0 : ends[i - 1];
    }

    String text(int i) {
        return new String(units, from(i), ends[i] - from(i));
    }

    long count(int i) {
        return counts[i];
    }

    void add(char[] text, int from, int to, int hash) {
        int mask = slots.length - 1;
        int spread = hash * 0x9E3779B9;
        int at = (spread ^ spread >>> 15) & mask;
        while (slots[at] != 0) {
            int i = slots[at] - 1;
            if (hashes[i] == hash && Arrays.equals(units, from(i), ends[i], text, from, to)) {
                counts[i]++;
                return;
            }
            at = (at + 1) & mask;
        }
        slots[at] = count + 1;
        put(text, from, to, hash);
        if (2 * count > slots.length) {
            rehash();
        }
    }

    private void put(char[] text, int from, int to, int hash) {
        int begin = from(count);
        int end = begin + to - from;
        if (end > units.length) {
            units = Arrays.copyOf(units, 2 * end);
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            hashes = Arrays.copyOf(hashes, 2 * count);
            counts = Arrays.copyOf(counts, 2 * count);
        }
        System.arraycopy(text, from, units, begin, to - from);
        ends[count] = end;
        hashes[count] = hash;
        counts[count++] = 1;
    }

    private void rehash() {
        slots = new int[2 * slots.length];
        int mask = slots.length - 1;
        for (int i = 0; i < count; i++) {
            int spread = hashes[i] * 0x9E3779B9;
            int at = (spread ^ spread >>> 15) & mask;
            while (slots[at] != 0) {
                at = (at + 1) & mask;
            }
            slots[at] = i + 1;
        }
    }

    void clear() {
        Arrays.fill(slots, 0);
        count = 0;
    }
}
