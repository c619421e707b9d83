package dev.cutaway.model.sample;

/**
 * Finds the best candidates without sorting all of them: a vocabulary has a hundred thousand tokens, and a cut rarely
 * keeps more than a few hundred.
 */
final class Selection {
    private static final int SMALL = 24;

    private Selection() {}

    /**
     * Moves the candidates with the smallest keys to the front, just as many as bring their probabilities to
     * {@code mass}. A quickselect that counts weight instead of elements, linear on average; the pivots come from a fixed
     * sequence, so the order is the same every time.
     *
     * @return how many there are, at least one
     */
    static int smallest(Candidates c, double mass) {
        int from = 0;
        int to = c.count;
        double reached = 0;
        long random = 0x9E3779B97F4A7C15L;
        while (to - from > SMALL) {
            random = Draws.mix(random);
            int pivot = from + (int) Long.remainderUnsigned(random, to - from);
            int middle = partition(c, from, to, pivot);
            double upper = weight(c, from, middle);
            if (reached + upper >= mass) {
                to = middle;
                continue;
            }
            reached += upper + c.weights[middle];
            from = middle + 1;
            if (reached >= mass) {
                return from;
            }
        }
        sort(c, from, to);
        int kept = from;
        while (kept < to && reached < mass) {
            reached += c.weights[kept++];
        }
        return Math.max(1, kept);
    }

    /** Puts what comes before the pivot before it and the rest behind; returns the pivot's place. */
    private static int partition(Candidates c, int from, int to, int pivot) {
        int last = to - 1;
        c.swap(pivot, last);
        int place = from;
        for (int i = from; i < last; i++) {
            if (c.before(i, last)) {
                c.swap(i, place++);
            }
        }
        c.swap(place, last);
        return place;
    }

    private static double weight(Candidates c, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += c.weights[i];
        }
        return sum;
    }

    private static void sort(Candidates c, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            for (int j = i; j > from && c.before(j, j - 1); j--) {
                c.swap(j, j - 1);
            }
        }
    }

    /**
     * The k-th highest score: a heap of the k highest so far, the lowest on top.
     *
     * @param k at most the number of candidates
     */
    static float highest(Candidates c, int k) {
        float[] heap = c.keys;
        for (int i = 0; i < k; i++) {
            heap[i] = c.scores[i];
        }
        for (int i = k / 2 - 1; i >= 0; i--) {
            sink(heap, i, k);
        }
        for (int i = k; i < c.count; i++) {
            if (c.scores[i] > heap[0]) {
                heap[0] = c.scores[i];
                sink(heap, 0, k);
            }
        }
        return heap[0];
    }

    private static void sink(float[] heap, int at, int size) {
        int i = at;
        float value = heap[i];
        while (2 * i + 1 < size) {
            int child = 2 * i + 1;
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (value <= heap[child]) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = value;
    }
}
