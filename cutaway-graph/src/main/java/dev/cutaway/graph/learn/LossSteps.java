package dev.cutaway.graph.learn;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cross-entropy with the unembedding, forward and back at once: logits are computed for rows whose labels count, some at a time, become
 * their own gradient in place, and are gone.
 */
final class LossSteps {
    /** Floats of logits that are there at once. */
    private static final long LOGITS = 1 << 23;

    private static final int LEAST_ROWS = 64;
    private static final int MOST_ROWS = 1024;

    private final Place x;
    private final Optional<Parameter> weight;
    private final Optional<Parameter> bias;
    private final int classes;
    private final String labels;
    private final String weights;
    private final double smoothing;
    private final Optional<Place> dx;
    private final Optional<Value> dWeight;
    private final Optional<Value> dBias;

    // Of the batch at hand.
    private int[] counted = {};
    private int[] label = {};
    private float[] share = {};
    private double[] rowLoss = {};
    private boolean[] rowRight = {};
    private int now; // which piece of the counted rows

    /**
     * @param x what the unembedding multiplies, or the logits themselves if there is no weight
     * @param dx gradient of x, if wanted
     */
    LossSteps(
            Place x,
            Optional<Parameter> weight,
            Optional<Parameter> bias,
            int classes,
            String labels,
            String weights,
            double smoothing,
            Optional<Place> dx,
            Optional<Value> dWeight,
            Optional<Value> dBias) {
        this.x = x;
        this.weight = weight;
        this.bias = bias;
        this.classes = classes;
        this.labels = labels;
        this.weights = weights;
        this.smoothing = smoothing;
        this.dx = dx;
        this.dWeight = dWeight;
        this.dBias = dBias;
    }

    /** The same for another user. */
    LossSteps copy() {
        return new LossSteps(x, weight, bias, classes, labels, weights, smoothing, dx, dWeight, dBias);
    }

    /** The weighted sum over rows, after a run. */
    double loss() {
        double sum = 0;
        for (double l : rowLoss) {
            sum += l;
        }
        return sum;
    }

    /** How many labels were the likeliest classes, after a run that asked for the loss alone; the first one is taken where several are. */
    int right() {
        int n = 0;
        for (boolean r : rowRight) {
            n += r ? 1 : 0;
        }
        return n;
    }

    String labels() {
        return labels;
    }

    /** The steps for the batch at hand. */
    List<Step> steps(Work w) {
        bind(w);
        List<Step> all = new ArrayList<>();
        dx.ifPresent(p -> all.add(new RowSteps.Fill(0, p)));
        for (int i = 0; i < Step.parts(counted.length, piece()); i++) {
            int piece = i;
            all.add(new Begin(piece));
            if (weight.isPresent()) {
                all.add(new Products.Widen(weight.get()));
                all.add(new Logits());
            }
            all.add(new Losses());
            if (weight.isPresent() && dx.isPresent()) {
                all.add(new Back());
            }
            dWeight.ifPresent(v -> all.add(new WeightBack(v)));
            dBias.ifPresent(v -> all.add(new BiasBack(v)));
        }
        return all;
    }

    private void bind(Work w) {
        label = w.ints(labels);
        int n = 0;
        for (int l : label) {
            n += l >= 0 ? 1 : 0;
            if (l >= classes) {
                throw new IllegalArgumentException(
                        "label " + l + " in '" + labels + "': there are " + classes + " classes");
            }
        }
        counted = new int[n];
        n = 0;
        for (int i = 0; i < label.length; i++) {
            if (label[i] >= 0) {
                counted[n++] = i;
            }
        }
        share = new float[label.length];
        int at = 0;
        for (int i = 0; i < w.segments(); i++) {
            Tensor t = Work.input(w.segment(i), weights);
            MemorySegment.copy(t.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, 0, share, at, (int) t.size());
            at += (int) t.size();
        }
        rowLoss = new double[counted.length];
        rowRight = new boolean[counted.length];
    }

    private int piece() {
        return Math.clamp(LOGITS / stride(), LEAST_ROWS, MOST_ROWS);
    }

    private int stride() {
        return (classes + 15) / 16 * 16;
    }

    private int first() {
        return now * piece();
    }

    private int rows() {
        return Math.min(piece(), counted.length - first());
    }

    /** Rows of x that count, side by side; behind them those of their gradient; behind those the logits. */
    private long dxAt() {
        return (long) piece() * x.width;
    }

    private long logitsAt() {
        return weight.isPresent() ? 2L * piece() * x.width : 0;
    }

    private MemorySegment room(Work w) {
        return w.shared(logitsAt() + (long) piece() * stride());
    }

    /** Brings the piece's rows together. */
    private final class Begin extends Step {
        private final int piece;

        Begin(int piece) {
            this.piece = piece;
        }

        @Override
        int chunks(Work w) {
            return 1;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            now = piece;
            MemorySegment room = room(w);
            boolean logits = weight.isEmpty();
            for (int i = 0; i < rows(); i++) {
                long to = logits ? logitsAt() + (long) i * stride() : (long) i * x.width;
                MemorySegment.copy(w.memory(x), 4 * w.at(x, counted[first() + i]), room, 4 * to, 4L * x.width);
            }
        }
    }

    private final class Logits extends Step {
        private Products.Cut cut() {
            return Products.Cut.of(rows(), classes, x.width);
        }

        @Override
        int chunks(Work w) {
            return cut().chunks(rows());
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Products.Cut c = cut();
            int row = c.row(chunk);
            int column = c.column(chunk);
            int rows = Math.min(c.rows(), rows() - row);
            int columns = Math.min(c.columns(), classes - column);
            MemorySegment room = room(w);
            for (int i = row; i < row + rows && bias.isPresent(); i++) {
                long to = logitsAt() + (long) i * stride() + column;
                MemorySegment.copy(w.weight(bias.get()), 4L * column, room, 4 * to, 4L * columns);
            }
            w.kernels
                    .dense()
                    .multiply(
                            rows,
                            columns,
                            x.width,
                            View.rows(room, (long) row * x.width, x.width),
                            View.rows(w.weight(weight.orElseThrow()), (long) column * x.width, x.width)
                                    .transposed(),
                            View.rows(room, logitsAt() + (long) row * stride() + column, stride()),
                            bias.isPresent(),
                            w.scratch(worker),
                            0);
        }
    }

    /** Each row's loss; its logits become their gradient. */
    private final class Losses extends Step {
        private static final int ROWS = 8;

        @Override
        int chunks(Work w) {
            return parts(rows(), ROWS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            MemorySegment room = room(w);
            RowKernels k = w.kernels.rows();
            for (int i = chunk * ROWS; i < Math.min(rows(), (chunk + 1) * ROWS); i++) {
                long at = logitsAt() + (long) i * stride();
                int row = counted[first() + i];
                float of = share[row];
                double right = get(room, at + label[row]);
                double all = 0;
                if (smoothing > 0) {
                    for (int c = 0; c < classes; c++) {
                        all += get(room, at + c);
                    }
                }
                double log = k.logSumExp(room, at, classes);
                rowLoss[first() + i] =
                        of * (log - (1 - smoothing) * right - (smoothing > 0 ? smoothing / classes * all : 0));
                if (dx.isEmpty() && dWeight.isEmpty()) {
                    rowRight[first() + i] = likeliest(room, at) == label[row];
                    continue;
                }
                Work.fill(room, at + classes, at + stride(), Float.NEGATIVE_INFINITY);
                k.softmax(room, at, room, at, stride());
                if (smoothing > 0) {
                    float each = (float) (smoothing / classes);
                    for (int c = 0; c < classes; c++) {
                        set(room, at + c, get(room, at + c) - each);
                    }
                }
                set(room, at + label[row], (float) (get(room, at + label[row]) - (1 - smoothing)));
                k.scale(of, room, at, room, at, stride());
                if (weight.isEmpty() && dx.isPresent()) {
                    Place d = dx.get();
                    MemorySegment.copy(room, 4 * at, w.memory(d), 4 * w.at(d, row), 4L * classes);
                }
            }
        }

        private int likeliest(MemorySegment room, long at) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                best = get(room, at + c) > get(room, at + best) ? c : best;
            }
            return best;
        }

        private static float get(MemorySegment s, long at) {
            return s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * at);
        }

        private static void set(MemorySegment s, long at, float x) {
            s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * at, x);
        }
    }

    private final class Back extends Step {
        private Products.Cut cut() {
            return Products.Cut.of(rows(), x.width, classes);
        }

        @Override
        int chunks(Work w) {
            return cut().chunks(rows());
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Products.Cut c = cut();
            int row = c.row(chunk);
            int column = c.column(chunk);
            int rows = Math.min(c.rows(), rows() - row);
            int columns = Math.min(c.columns(), x.width - column);
            MemorySegment room = room(w);
            w.kernels
                    .dense()
                    .multiply(
                            rows,
                            columns,
                            classes,
                            View.rows(room, logitsAt() + (long) row * stride(), stride()),
                            View.rows(w.weight(weight.orElseThrow()), column, x.width),
                            View.rows(room, dxAt() + (long) row * x.width + column, x.width),
                            false,
                            w.scratch(worker),
                            0);
            Place d = dx.orElseThrow();
            for (int i = row; i < row + rows; i++) {
                long from = dxAt() + (long) i * x.width + column;
                MemorySegment.copy(
                        room, 4 * from, w.memory(d), 4 * (w.at(d, counted[first() + i]) + column), 4L * columns);
            }
        }
    }

    private final class WeightBack extends Step {
        private final Value sum;

        WeightBack(Value sum) {
            this.sum = sum;
        }

        private Products.Cut cut() {
            return Products.Cut.of(classes, x.width, rows());
        }

        @Override
        int chunks(Work w) {
            return cut().chunks(classes);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Products.Cut c = cut();
            int row = c.row(chunk);
            int column = c.column(chunk);
            MemorySegment room = room(w);
            w.kernels
                    .dense()
                    .multiply(
                            Math.min(c.rows(), classes - row),
                            Math.min(c.columns(), x.width - column),
                            rows(),
                            View.rows(room, logitsAt() + row, stride()).transposed(),
                            View.rows(room, column, x.width),
                            View.rows(w.sum(sum), (long) row * x.width + column, x.width),
                            true,
                            w.scratch(worker),
                            0);
        }
    }

    private final class BiasBack extends Step {
        private static final int COLUMNS = 256;
        private final Value sum;

        BiasBack(Value sum) {
            this.sum = sum;
        }

        @Override
        int chunks(Work w) {
            return parts(classes, COLUMNS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int column = chunk * COLUMNS;
            int n = Math.min(COLUMNS, classes - column);
            MemorySegment to = w.sum(sum);
            for (int i = 0; i < rows(); i++) {
                w.kernels.rows().add(to, column, room(w), logitsAt() + (long) i * stride() + column, to, column, n);
            }
        }
    }
}
