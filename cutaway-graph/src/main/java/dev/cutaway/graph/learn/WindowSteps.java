package dev.cutaway.graph.learn;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.WindowAttention;
import dev.cutaway.graph.op.WindowMask;
import dev.cutaway.tensor.kernel.DenseKernels;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * Attention in windows and the way back. A window's rows are brought together, so that its products are those of {@link AttentionSteps}; the
 * bias by relative place, and what a shift hides, lie in the scores before queries are multiplied by keys.
 */
final class WindowSteps {
    private WindowSteps() {}

    /**
     * What is attended.
     *
     * @param op windows, scale and the part of the grid that is no padding
     * @param heads of queries, keys and values
     * @param table the bias, {@code [relative place, head]}
     */
    record Heads(WindowAttention op, int heads, Place q, Place k, Place v, Parameter table) {}

    /** What both directions need. */
    abstract static class Windows extends Step {
        final Heads h;
        final int n; // places of a window
        final int stride;
        final int[] numbers;
        final int[] relative;
        final float[] mask; // [window, query, key]; empty if nothing is hidden

        Windows(Heads h) {
            this.h = h;
            this.n = h.op.places();
            this.stride = (n + 15) / 16 * 16;
            this.numbers = h.op.windows().numbers();
            this.relative = new Picking.Relative(h.op.windows().size()).numbers();
            this.mask = h.op.windows().shift() > 0 ? new WindowMask(h.op.windows(), List.of()).values() : new float[0];
        }

        int size() {
            return h.q.width / h.heads;
        }

        /** Floats of a window's rows of one value. */
        long block() {
            return (long) n * h.q.width;
        }

        /** The bias over the scale, {@code [head, query, key]}. */
        float[] bias(Work w) {
            float[] t = w.weight(h.table)
                    .asSlice(0, 4L * Picking.Relative.rows(h.op.windows().size()) * h.heads)
                    .toArray(ValueLayout.JAVA_FLOAT);
            float over = (float) (1 / h.op.scale());
            float[] b = new float[h.heads * n * n];
            for (int head = 0; head < h.heads; head++) {
                for (int i = 0; i < n * n; i++) {
                    b[head * n * n + i] = t[relative[i] * h.heads + head] * over;
                }
            }
            return b;
        }

        /** The row that a place of a window is in the part of the grid that is no padding; below 0 where it is padding. */
        int own(int window, int place) {
            int number = numbers[window * n + place];
            int line = number / h.op.windows().width();
            int column = number % h.op.windows().width();
            return line < h.op.height() && column < h.op.width() ? line * h.op.width() + column : -1;
        }

        /** Brings a window's rows together; those of padding, where the value has none, as zeros. */
        void gather(Work w, Place p, int segment, int window, boolean padded, MemorySegment to, long at) {
            int first = w.starts(p.kind)[segment];
            for (int i = 0; i < n; i++) {
                int row = padded ? numbers[window * n + i] : own(window, i);
                long target = 4 * (at + (long) i * p.width);
                if (row < 0) {
                    to.asSlice(target, 4L * p.width).fill((byte) 0);
                } else {
                    MemorySegment.copy(w.memory(p), 4 * w.at(p, first + row), to, target, 4L * p.width);
                }
            }
        }

        void scatter(Work w, Place p, int segment, int window, boolean padded, MemorySegment from, long at) {
            int first = w.starts(p.kind)[segment];
            for (int i = 0; i < n; i++) {
                int row = padded ? numbers[window * n + i] : own(window, i);
                if (row >= 0) {
                    long source = 4 * (at + (long) i * p.width);
                    MemorySegment.copy(from, source, w.memory(p), 4 * w.at(p, first + row), 4L * p.width);
                }
            }
        }

        /** One head of a window's rows that lie together. */
        View head(MemorySegment s, long at, int head) {
            return View.rows(s, at + (long) head * size(), h.q.width);
        }

        /** A head's pattern, {@code [query, stride]}. */
        void pattern(Work w, MemorySegment s, int window, int head, float[] bias, long q, long k, long at) {
            float over = (float) (1 / h.op.scale());
            float[] row = new float[n];
            for (int i = 0; i < n; i++) {
                int from = (head * n + i) * n;
                System.arraycopy(bias, from, row, 0, n);
                for (int j = 0; j < n && mask.length > 0; j++) {
                    row[j] += mask[(window * n + i) * n + j] * over;
                }
                MemorySegment.copy(row, 0, s, ValueLayout.JAVA_FLOAT, 4 * (at + (long) i * stride), n);
            }
            DenseKernels d = w.kernels.dense();
            View scores = View.rows(s, at, stride);
            d.multiply(n, n, size(), head(s, q, head), head(s, k, head).transposed(), scores, true, s, 0);
            d.softmaxRows((float) h.op.scale(), s, at, n, stride, n, 0);
        }
    }

    /** Mixes values. A chunk is an image. */
    static final class Attend extends Windows {
        private final Place z;

        Attend(Heads h, Place z) {
            super(h);
            this.z = z;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        long scratch(Work w) {
            return 4 * block() + (long) n * stride + 64;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            MemorySegment s = w.scratch(worker);
            float[] bias = bias(w);
            long q = w.own();
            long k = q + block();
            long v = k + block();
            long out = v + block();
            long p = (out + block() + 15) / 16 * 16;
            for (int window = 0; window < h.op.count(); window++) {
                gather(w, h.q, chunk, window, true, s, q);
                gather(w, h.k, chunk, window, true, s, k);
                gather(w, h.v, chunk, window, true, s, v);
                for (int head = 0; head < h.heads; head++) {
                    pattern(w, s, window, head, bias, q, k, p);
                    View to = head(s, out, head);
                    w.kernels
                            .dense()
                            .multiply(n, size(), n, View.rows(s, p, stride), head(s, v, head), to, false, s, 0);
                }
                scatter(w, z, chunk, window, false, s, out);
            }
        }
    }

    /** Gradients of queries, keys, values and the bias. A chunk is some images: what they give to the bias is added up chunk by chunk. */
    static final class AttendBack extends Windows {
        private static final int IMAGES = 4;
        private final Place dz;
        private final Place dq;
        private final Place dk;
        private final Place dv;
        private final Optional<Value> dTable;

        AttendBack(Heads h, Place dz, Place dq, Place dk, Place dv, Optional<Value> dTable) {
            super(h);
            this.dz = dz;
            this.dq = dq;
            this.dk = dk;
            this.dv = dv;
            this.dTable = dTable;
        }

        private int sums() {
            return h.heads * n * n;
        }

        @Override
        int chunks(Work w) {
            int c = parts(w.segments(), IMAGES);
            w.shared((long) c * sums()); // here, where one thread asks
            return c;
        }

        @Override
        long scratch(Work w) {
            return 7 * block() + 2L * n * stride + 64;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            float[] bias = bias(w);
            float[] sum = new float[sums()];
            for (int i = chunk * IMAGES; i < Math.min(w.segments(), (chunk + 1) * IMAGES); i++) {
                for (int window = 0; window < h.op.count(); window++) {
                    window(w, i, window, w.scratch(worker), bias, sum);
                }
            }
            MemorySegment.copy(sum, 0, w.shared(0), ValueLayout.JAVA_FLOAT, 4L * chunk * sums(), sum.length);
        }

        private void window(Work w, int segment, int window, MemorySegment s, float[] bias, float[] sum) {
            long b = block();
            long q = w.own();
            long out = q + 3 * b; // of z; then of q, k and v
            long p = (q + 7 * b + 15) / 16 * 16;
            long dp = p + (long) n * stride;
            gather(w, h.q, segment, window, true, s, q);
            gather(w, h.k, segment, window, true, s, q + b);
            gather(w, h.v, segment, window, true, s, q + 2 * b);
            gather(w, dz, segment, window, false, s, out);
            DenseKernels d = w.kernels.dense();
            float scale = (float) h.op.scale();
            View pattern = View.rows(s, p, stride);
            View dPattern = View.rows(s, dp, stride);
            float[] row = new float[n];
            for (int head = 0; head < h.heads; head++) {
                View dOut = head(s, out, head);
                pattern(w, s, window, head, bias, q, q + b, p);
                d.multiply(n, n, size(), dOut, head(s, q + 2 * b, head).transposed(), dPattern, false, s, 0);
                d.multiply(n, size(), n, pattern.transposed(), dOut, head(s, out + 3 * b, head), false, s, 0);
                for (int i = 0; i < n && n < stride; i++) {
                    Work.fill(s, dp + (long) i * stride + n, dp + (long) (i + 1) * stride, 0);
                }
                d.softmaxBack(scale, s, p, s, dp, n, stride);
                for (int i = 0; i < n; i++) {
                    MemorySegment.copy(s, ValueLayout.JAVA_FLOAT, 4 * (dp + (long) i * stride), row, 0, n);
                    add(row, sum, (head * n + i) * n);
                }
                d.multiply(n, size(), n, dPattern, head(s, q + b, head), head(s, out + b, head), false, s, 0);
                d.multiply(
                        n, size(), n, dPattern.transposed(), head(s, q, head), head(s, out + 2 * b, head), false, s, 0);
            }
            scatter(w, dq, segment, window, true, s, out + b);
            scatter(w, dk, segment, window, true, s, out + 2 * b);
            scatter(w, dv, segment, window, true, s, out + 3 * b);
        }

        private static void add(float[] x, float[] sum, int at) {
            for (int j = 0; j < x.length; j++) {
                sum[at + j] += x[j];
            }
        }

        /** Adds the chunks' sums up, in order. */
        Step sum() {
            return new Step() {
                @Override
                int chunks(Work w) {
                    return w.segments() > 0 && dTable.isPresent() ? 1 : 0;
                }

                @Override
                void run(Work w, int chunk, int worker) {
                    MemorySegment to = w.sum(dTable.orElseThrow());
                    float[] table = to.toArray(ValueLayout.JAVA_FLOAT);
                    float[] part = new float[sums()];
                    float over = (float) (1 / h.op.scale()); // the scores' gradient, not that of the product
                    for (int c = 0; c < parts(w.segments(), IMAGES); c++) {
                        MemorySegment.copy(w.shared(0), ValueLayout.JAVA_FLOAT, 4L * c * sums(), part, 0, sums());
                        for (int i = 0; i < part.length; i++) {
                            table[relative[i % (n * n)] * h.heads + i / (n * n)] += part[i] * over;
                        }
                    }
                    MemorySegment.copy(table, 0, to, ValueLayout.JAVA_FLOAT, 0, table.length);
                }
            };
        }
    }
}
