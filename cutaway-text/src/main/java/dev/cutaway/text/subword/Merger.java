package dev.cutaway.text.subword;

import java.util.Arrays;

/**
 * The merging of byte-pair encoding (Sennrich, Haddow and Birch, arXiv 1508.07909): of all pairs of neighbours, the one of
 * lowest rank is merged, the leftmost of equals first, until none can be.
 *
 * <p>Short words look for the lowest rank by scanning, which is quickest for a dozen symbols. Long ones keep candidates in a
 * binary heap of longs ({@code rank << 32 | position}), so that a word of a hundred thousand letters takes n log n and not n
 * squared steps; an entry that a later merge has made untrue is recognised when it comes up, because the pair now at its
 * position has another rank. Symbols are a doubly linked list in arrays. Not thread-safe: one per call.
 */
final class Merger {
    /** What stands for a pair that is not merged. */
    static final long NEVER = Long.MAX_VALUE;

    private static final int SCAN_AT_MOST = 24;

    /** What may be merged. */
    interface Pairs {
        /**
         * {@code rank << 32 | merged id} for the neighbours {@code left} and {@code right} (positions), or {@link #NEVER}. The
         * lowest rank is first; it may be negative.
         */
        long find(Merger symbols, int left, int right);
    }

    /** Is told of each merge, before it is done. */
    interface Listener {
        void merge(Merger symbols, int left, int right, int rank, int merged);
    }

    int[] id;
    int[] from;
    int[] to;
    int[] part;
    int[] next;
    private int[] previous;
    private long[] found; // of the pair that begins here
    private int count;
    private long[] heap;
    private int heaped;

    Merger(int room) {
        int n = Math.max(8, room);
        id = new int[n];
        from = new int[n];
        to = new int[n];
        part = new int[n];
        next = new int[0];
        previous = new int[0];
        found = new long[0];
        heap = new long[0];
    }

    void add(int symbol, int begin, int end, int byteOf) {
        if (count == id.length) {
            int n = 2 * count;
            id = Arrays.copyOf(id, n);
            from = Arrays.copyOf(from, n);
            to = Arrays.copyOf(to, n);
            part = Arrays.copyOf(part, n);
        }
        id[count] = symbol;
        from[count] = begin;
        to[count] = end;
        part[count++] = byteOf;
    }

    int count() {
        return count;
    }

    void run(Pairs pairs, Listener listener) {
        if (next.length < count) {
            next = new int[id.length];
            previous = new int[id.length];
            found = new long[id.length];
        }
        for (int i = 0; i < count; i++) {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i - 1;
            found[i] = i + 1 < count ? pairs.find(this, i, i + 1) : NEVER;
        }
        if (count <= SCAN_AT_MOST) {
            scan(pairs, listener);
        } else {
            heapRun(pairs, listener);
        }
    }

    private void scan(Pairs pairs, Listener listener) {
        while (true) {
            int best = -1;
            long lowest = NEVER >> 32;
            for (int i = 0; i >= 0 && count > 0; i = next[i]) {
                long f = found[i];
                if (f >> 32 < lowest) {
                    lowest = f >> 32;
                    best = i;
                }
            }
            if (best < 0) {
                return;
            }
            merge(best, pairs, listener);
        }
    }

    private void heapRun(Pairs pairs, Listener listener) {
        heap = new long[count + 16];
        heaped = 0;
        for (int i = 0; i < count; i++) {
            push(i);
        }
        while (heaped > 0) {
            long top = pop();
            int left = (int) top;
            if (found[left] == NEVER || found[left] >> 32 != top >> 32) {
                continue;
            }
            merge(left, pairs, listener);
            push(left);
            if (previous[left] >= 0) {
                push(previous[left]);
            }
        }
    }

    private void merge(int left, Pairs pairs, Listener listener) {
        int right = next[left];
        long f = found[left];
        listener.merge(this, left, right, (int) (f >> 32), (int) f);
        id[left] = (int) f;
        to[left] = to[right];
        part[left] = -1;
        found[right] = NEVER;
        next[left] = next[right];
        if (next[left] >= 0) {
            previous[next[left]] = left;
            found[left] = pairs.find(this, left, next[left]);
        } else {
            found[left] = NEVER;
        }
        int before = previous[left];
        if (before >= 0) {
            found[before] = pairs.find(this, before, left);
        }
    }

    private void push(int position) {
        long f = found[position];
        if (f == NEVER) {
            return;
        }
        if (heaped == heap.length) {
            heap = Arrays.copyOf(heap, 2 * heaped);
        }
        long entry = (f >> 32) << 32 | position;
        int at = heaped++;
        while (at > 0 && heap[(at - 1) >>> 1] > entry) {
            heap[at] = heap[(at - 1) >>> 1];
            at = (at - 1) >>> 1;
        }
        heap[at] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heaped];
        int at = 0;
        while (true) {
            int child = 2 * at + 1;
            if (child >= heaped) {
                break;
            }
            if (child + 1 < heaped && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
