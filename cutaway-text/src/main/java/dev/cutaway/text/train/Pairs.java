package dev.cutaway.text.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Pairs of symbols: how often each occurs, in which words it was seen, and which comes next. */
final class Pairs {
    /**
     * A pair to be merged.
     *
     * @param key first symbol in the upper half, second in the lower
     * @param count how often it occurs
     * @param words where it was seen
     * @param places how many of these
     */
    @SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
    record Candidate(long key, long count, int[] words, int places) {}

    private static final int[] NONE = {};

    private final LongTable table = new LongTable();
    private long[] keys = new long[1 << 10];
    private long[] counts = new long[1 << 10];
    private int[][] words = new int[1 << 10][]; // seen since the pair was last put into the queue
    private int[] places = new int[1 << 10];
    private int[] seen = new int[1 << 10]; // pairs with such words
    private int seenCount;

    // The queue: a binary heap of entries, each with the count that it is ordered by.
    private Candidate[] heap = new Candidate[1 << 10];
    private int heapSize;

    /** The pair occurs so often more, in this word. */
    void more(int a, int b, long times, int word) {
        long key = (long) a << 32 | b;
        int p = table.add(key);
        if (p == counts.length) {
            grow();
        }
        if (words[p] == null) { // new
            keys[p] = key;
            words[p] = NONE;
        }
        counts[p] += times;
        int n = places[p];
        int[] list = words[p];
        if (n > 0 && list[n - 1] == word) {
            return;
        }
        if (n == 0) {
            if (seenCount == seen.length) {
                seen = Arrays.copyOf(seen, 2 * seenCount);
            }
            seen[seenCount++] = p;
        }
        if (n == list.length) {
            list = Arrays.copyOf(list, Math.max(4, 2 * n));
            words[p] = list;
        }
        list[n] = word;
        places[p] = n + 1;
    }

    private void grow() {
        int n = 2 * counts.length;
        keys = Arrays.copyOf(keys, n);
        counts = Arrays.copyOf(counts, n);
        words = Arrays.copyOf(words, n);
        places = Arrays.copyOf(places, n);
    }

    /** The pair occurs so often less. */
    void less(int a, int b, long times) {
        int p = table.find((long) a << 32 | b);
        if (p >= 0) { // else it was too long to be counted
            counts[p] -= times;
        }
    }

    /** Puts into the queue what was seen since the last time. */
    void enqueueSeen() {
        for (int i = 0; i < seenCount; i++) {
            int p = seen[i];
            if (counts[p] > 0) {
                push(new Candidate(keys[p], counts[p], words[p], places[p]));
            }
            words[p] = NONE;
            places[p] = 0;
        }
        seenCount = 0;
    }

    /** Takes the pair that occurs most often, of equal ones the one with the lower symbols; null if there is none. */
    @Nullable
    Candidate best() {
        while (heapSize > 0) {
            Candidate top = pop();
            long now = counts[table.find(top.key())];
            if (now == top.count()) {
                return top;
            }
            push(new Candidate(top.key(), now, top.words(), top.places()));
        }
        return null;
    }

    private static boolean before(Candidate a, Candidate b) {
        return a.count() != b.count() ? a.count() > b.count() : a.key() < b.key();
    }

    private void push(Candidate candidate) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, 2 * heapSize);
        }
        int at = heapSize++;
        while (at > 0) {
            int parent = (at - 1) >>> 1;
            if (!before(candidate, heap[parent])) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = candidate;
    }

    private Candidate pop() {
        Candidate top = heap[0];
        Candidate last = heap[--heapSize];
        int at = 0;
        while (2 * at + 1 < heapSize) {
            int child = 2 * at + 1;
            if (child + 1 < heapSize && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], last)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
