package dev.cutaway.train.data;

import java.util.Arrays;

/** A list of ints that grows. */
final class Ints {
    private int[] all = new int[16];
    private int size;

    void add(int x) {
        if (size == all.length) {
            all = Arrays.copyOf(all, 2 * size);
        }
        all[size++] = x;
    }

    int size() {
        return size;
    }

    int last() {
        return all[size - 1];
    }

    int[] toArray() {
        return Arrays.copyOf(all, size);
    }

    int[] distinct() {
        return Arrays.stream(all, 0, size).distinct().toArray();
    }
}
