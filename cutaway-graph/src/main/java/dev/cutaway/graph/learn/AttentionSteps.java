package dev.cutaway.graph.learn;

import dev.cutaway.tensor.kernel.DenseKernels;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import java.lang.foreign.MemorySegment;

/**
 * Attention of whole sequences and the way back. A chunk is one key head of one sequence, so that what several query heads add to the
 * gradients of keys and values is added by one thread, in order. Patterns are computed again on the way back instead of kept (Dao et al.,
 * arXiv 2205.14135), for some rows at a time.
 */
final class AttentionSteps {
    /** Rows whose scores are there at once. */
    private static final int ROWS = 128;

    private AttentionSteps() {}

    /**
     * What attention is.
     *
     * @param window how many keys a row sees, its own included; 0 for all
     * @param heads query heads
     * @param groups key and value heads
     * @param size of a query's and a key's head
     * @param valueSize of a value's head
     */
    record Shape(float scale, boolean causal, int window, int heads, int groups, int size, int valueSize) {}

    /** What both directions need. */
    abstract static class Heads extends Step {
        final Shape shape;
        final Place q;
        final Place k;
        final Place v;

        Heads(Shape shape, Place q, Place k, Place v) {
            this.shape = shape;
            this.q = q;
            this.k = k;
            this.v = v;
        }

        @Override
        final int chunks(Work w) {
            return w.segments() * shape.groups;
        }

        static int padded(int keys) {
            return (keys + 15) / 16 * 16;
        }

        static long longest(Work w, Place keys) {
            int n = 0;
            int[] s = w.starts(keys.kind);
            for (int i = 0; i < w.segments(); i++) {
                n = Math.max(n, s[i + 1] - s[i]);
            }
            return padded(n);
        }

        /** One head's rows of a value. */
        View head(Work w, Place p, int row, int head, int of) {
            int size = p.width / of;
            return View.rows(w.memory(p), w.at(p, row) + (long) head * size, p.width);
        }

        /** How many keys some rows may see, the first ones. */
        int seen(int lastRow, int keys) {
            return shape.causal ? Math.min(keys, lastRow + 1) : keys;
        }

        /** The pattern of rows {@code from} to {@code to} of a sequence, {@code [to - from, stride]}, at the scratch's float {@code at}. */
        void pattern(Work w, int worker, View queries, View keys, int from, int to, int seen, int stride, long at) {
            MemorySegment s = w.scratch(worker);
            w.kernels
                    .dense()
                    .multiplyPadded(
                            to - from, seen, shape.size, queries, keys.transposed(), View.rows(s, at, stride), s, 0);
            if (shape.window == 0) {
                w.kernels
                        .dense()
                        .softmaxRows(shape.scale, s, at, to - from, stride, seen(from, seen), shape.causal ? 1 : 0);
                return;
            }
            for (int i = from; i < to; i++) {
                long p = at + (long) (i - from) * stride;
                Work.fill(s, p, p + Math.max(0, i + 1 - shape.window), Float.NEGATIVE_INFINITY);
                w.kernels.dense().softmaxRows(shape.scale, s, p, 1, stride, seen(i, seen), 0);
                Work.fill(s, p, p + Math.max(0, i + 1 - shape.window), 0);
            }
        }
    }

    /** {@code z = softmax(scale q k^T) v}. */
    static final class Attend extends Heads {
        private final Place z;

        Attend(Shape shape, Place q, Place k, Place v, Place z) {
            super(shape, q, k, v);
            this.z = z;
        }

        @Override
        long scratch(Work w) {
            return ROWS * longest(w, k);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int segment = chunk / shape.groups;
            int group = chunk % shape.groups;
            int firstRow = w.starts(q.kind)[segment];
            int rows = w.starts(q.kind)[segment + 1] - firstRow;
            int firstKey = w.starts(k.kind)[segment];
            int keys = w.starts(k.kind)[segment + 1] - firstKey;
            int each = shape.heads / shape.groups;
            View key = head(w, k, firstKey, group, shape.groups);
            View value = head(w, v, firstKey, group, shape.groups);
            MemorySegment s = w.scratch(worker);
            long own = w.own();
            for (int head = group * each; head < (group + 1) * each; head++) {
                for (int from = 0; from < rows; from += ROWS) {
                    int to = Math.min(rows, from + ROWS);
                    int seen = seen(to - 1, keys);
                    int stride = padded(seen);
                    View query = head(w, q, firstRow + from, head, shape.heads);
                    pattern(w, worker, query, key, from, to, seen, stride, own);
                    View out = head(w, z, firstRow + from, head, shape.heads);
                    w.kernels
                            .dense()
                            .multiply(
                                    to - from,
                                    shape.valueSize,
                                    seen,
                                    View.rows(s, own, stride),
                                    value,
                                    out,
                                    false,
                                    s,
                                    0);
                }
            }
        }
    }

    /** Gradients of queries, keys and values. */
    static final class AttendBack extends Heads {
        private final Place dz;
        private final Place dq;
        private final Place dk;
        private final Place dv;

        AttendBack(Shape shape, Place q, Place k, Place v, Place dz, Place dq, Place dk, Place dv) {
            super(shape, q, k, v);
            this.dz = dz;
            this.dq = dq;
            this.dk = dk;
            this.dv = dv;
        }

        @Override
        long scratch(Work w) {
            return 2 * ROWS * longest(w, k);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int segment = chunk / shape.groups;
            int group = chunk % shape.groups;
            int firstRow = w.starts(q.kind)[segment];
            int rows = w.starts(q.kind)[segment + 1] - firstRow;
            int firstKey = w.starts(k.kind)[segment];
            int keys = w.starts(k.kind)[segment + 1] - firstKey;
            int each = shape.heads / shape.groups;
            View key = head(w, k, firstKey, group, shape.groups);
            View value = head(w, v, firstKey, group, shape.groups);
            View dKey = head(w, dk, firstKey, group, shape.groups);
            View dValue = head(w, dv, firstKey, group, shape.groups);
            clear(dKey, keys, shape.size);
            clear(dValue, keys, shape.valueSize);
            for (int head = group * each; head < (group + 1) * each; head++) {
                for (int from = 0; from < rows; from += ROWS) {
                    int to = Math.min(rows, from + ROWS);
                    back(w, worker, head, firstRow, from, to, keys, key, value, dKey, dValue);
                }
            }
        }

        private static void clear(View v, int rows, int size) {
            for (int i = 0; i < rows; i++) {
                v.data().asSlice(4 * (v.at() + i * v.row()), 4L * size).fill((byte) 0);
            }
        }

        private void back(
                Work w,
                int worker,
                int head,
                int firstRow,
                int from,
                int to,
                int keys,
                View key,
                View value,
                View dKey,
                View dValue) {
            DenseKernels d = w.kernels.dense();
            MemorySegment s = w.scratch(worker);
            int seen = seen(to - 1, keys);
            int stride = padded(seen);
            long at = w.own();
            long dAt = at + (long) ROWS * stride;
            View query = head(w, q, firstRow + from, head, shape.heads);
            View dOut = head(w, dz, firstRow + from, head, shape.heads);
            View p = View.rows(s, at, stride);
            View dp = View.rows(s, dAt, stride);
            int n = to - from;
            pattern(w, worker, query, key, from, to, seen, stride, at);
            d.multiplyPadded(n, seen, shape.valueSize, dOut, value.transposed(), dp, s, 0);
            d.multiply(seen, shape.valueSize, n, p.transposed(), dOut, dValue, true, s, 0);
            d.softmaxBack(shape.scale, s, at, s, dAt, n, stride);
            d.multiply(n, shape.size, seen, dp, key, head(w, dq, firstRow + from, head, shape.heads), false, s, 0);
            d.multiply(seen, shape.size, n, dp.transposed(), query, dKey, true, s, 0);
        }
    }
}
