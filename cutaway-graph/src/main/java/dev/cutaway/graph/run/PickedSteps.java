package dev.cutaway.graph.run;

import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.WindowAttention;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Supplier;

/** Steps over rows of images that lie in a grid: rows moved by constant numbers, convolutions, attention in windows. */
final class PickedSteps {
    private PickedSteps() {}

    private static int parts(int places, int perChunk) {
        return (places + perChunk - 1) / perChunk;
    }

    /** {@code y[i] = x[numbers[i]]}, 0 where there is none. */
    static final class Picked extends Step {
        private static final int FLOATS = 20_000;
        private final int[] numbers;
        private final Slot x;
        private final Slot y;
        private final int width;
        private final int perChunk;

        /** {@code width}: floats that move together. */
        Picked(Picking how, Slot x, Slot y, int width) {
            this.numbers = how.numbers();
            this.x = x;
            this.y = y;
            this.width = width;
            this.perChunk = Math.max(1, FLOATS / width);
        }

        @Override
        int chunks(Frame f) {
            return f.batch.segments * parts(numbers.length, perChunk);
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int parts = parts(numbers.length, perChunk);
            int segment = chunk / parts;
            int from = chunk % parts * perChunk;
            long source = x.at(f.first(x, segment));
            long target = y.at(f.first(y, segment));
            for (int i = from; i < Math.min(numbers.length, from + perChunk); i++) {
                long to = (target + (long) i * width) * 4;
                if (numbers[i] < 0) {
                    f.memory(y).asSlice(to, width * 4L).fill((byte) 0);
                } else {
                    long at = (source + (long) numbers[i] * width) * 4;
                    MemorySegment.copy(f.memory(x), at, f.memory(y), to, width * 4L);
                }
            }
        }
    }

    /** {@code y = x * factors}, the same factors for each row. */
    static final class ByVector extends RowSteps.ByRow {
        private final Slot x;
        private final Supplier<Tensor> source;
        private Tensor factors = Tensor.zeros(1);

        ByVector(Slot x, Supplier<Tensor> factors, Slot y) {
            super(y);
            this.x = x;
            this.source = factors;
        }

        @Override
        void prepare() {
            factors = source.get();
        }

        @Override
        void rows(Frame f, int from, int to) {
            for (int r = from; r < to; r++) {
                f.kernels.rows().multiply(f.memory(x), x.at(r), factors.data(), 0, f.memory(y), y.at(r), y.width);
            }
        }
    }

    /** A convolution of each channel by itself. */
    static final class Convolve extends Step {
        private static final int PER_CHUNK = 32;
        private final int[] numbers;
        private final int rows;
        private final int places;
        private final Slot x;
        private final Slot y;
        private final Supplier<Tensor> weightSource;
        private final Supplier<Tensor> biasSource;
        private float[] weight = {}; // [place, channel]: channels side by side, as in a row
        private float[] bias = {};
        private float[][] sums = {};
        private float[][] near = {};

        Convolve(Picking.Around around, Slot x, Supplier<Tensor> weight, Supplier<Tensor> bias, Slot y) {
            this.numbers = around.numbers();
            this.rows = around.height() * around.width();
            this.places = around.size() * around.size();
            this.x = x;
            this.y = y;
            this.weightSource = weight;
            this.biasSource = bias;
        }

        @Override
        void prepare() {
            float[] w = weightSource.get().toFloats(); // [channel, place]
            weight = new float[w.length];
            for (int i = 0; i < w.length; i++) {
                weight[i % places * x.width + i / places] = w[i];
            }
            bias = biasSource.get().toFloats();
        }

        /** Asked once before a run, on one thread: the place to make what each thread needs. */
        @Override
        long scratch(Frame f) {
            if (sums.length < f.threads) {
                sums = new float[f.threads][x.width];
                near = new float[f.threads][x.width];
            }
            return 0;
        }

        @Override
        int chunks(Frame f) {
            return f.batch.segments * parts(rows, PER_CHUNK);
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int segment = chunk / parts(rows, PER_CHUNK);
            int from = chunk % parts(rows, PER_CHUNK) * PER_CHUNK;
            for (int r = from; r < Math.min(rows, from + PER_CHUNK); r++) {
                float[] sum = sums[worker];
                System.arraycopy(bias, 0, sum, 0, sum.length);
                for (int n = 0; n < places; n++) {
                    int number = numbers[r * places + n];
                    if (number >= 0) {
                        long at = x.at(f.first(x, segment) + number) * 4;
                        MemorySegment.copy(f.memory(x), ValueLayout.JAVA_FLOAT, at, near[worker], 0, x.width);
                        add(sum, near[worker], n * x.width);
                    }
                }
                long to = y.at(f.first(y, segment) + r) * 4;
                MemorySegment.copy(sum, 0, f.memory(y), ValueLayout.JAVA_FLOAT, to, x.width);
            }
        }

        private void add(float[] sum, float[] row, int at) {
            for (int c = 0; c < sum.length; c++) {
                sum[c] = Math.fma(row[c], weight[at + c], sum[c]);
            }
        }
    }

    /** Attention within windows: a chunk is one window of one image, all heads. */
    static final class Attend extends Step {
        private final WindowAttention op;
        private final int[] numbers;
        private final int heads;
        private final int size;
        private final Slot q;
        private final Slot k;
        private final Slot v;
        private final Slot y;
        private final Supplier<Tensor> table;
        private final int gridWidth;
        private float[] bias = {}; // [head, query, key]
        private float[] mask = {}; // [window, query, key]; empty if nothing is hidden
        private Work[] work = {};

        /** One thread's: queries {@code [query, size]}, keys {@code [size, key]}, values {@code [key, size]}, and scores of a query. */
        private record Work(float[] q, float[] k, float[] v, float[] z, MemorySegment scores, float[] row) {
            static Work of(int places, int size) {
                int n = places * size;
                MemorySegment scores = java.lang.foreign.Arena.ofAuto().allocate(places * 4L, 64);
                return new Work(
                        new float[size], new float[n], new float[n], new float[size], scores, new float[places]);
            }
        }

        Attend(WindowAttention op, int heads, Slot q, Slot k, Slot v, Supplier<Tensor> table, Slot y) {
            this.op = op;
            this.numbers = op.windows().numbers();
            this.heads = heads;
            this.size = q.width / heads;
            this.q = q;
            this.k = k;
            this.v = v;
            this.y = y;
            this.table = table;
            this.gridWidth = op.windows().width();
        }

        @Override
        void prepare() {
            float[] t = table.get().toFloats(); // [place, head]
            int[] relative = new Picking.Relative(op.windows().size()).numbers();
            bias = new float[heads * relative.length];
            for (int i = 0; i < bias.length; i++) {
                bias[i] = t[relative[i % relative.length] * heads + i / relative.length];
            }
            mask = op.windows().shift() > 0
                    ? new dev.cutaway.graph.op.WindowMask(op.windows(), java.util.List.of()).values()
                    : new float[0];
        }

        @Override
        long scratch(Frame f) {
            if (work.length < f.threads) {
                work = new Work[f.threads];
                Arrays.setAll(work, i -> Work.of(op.places(), size));
            }
            return 0;
        }

        @Override
        int chunks(Frame f) {
            return f.batch.segments * op.count();
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int segment = chunk / op.count();
            int window = chunk % op.count();
            for (int h = 0; h < heads; h++) {
                attend(f, segment, window, h, work[worker]);
            }
        }

        private void attend(Frame f, int segment, int window, int h, Work w) {
            int n = op.places();
            int first = f.first(q, segment);
            for (int j = 0; j < n; j++) {
                int row = first + numbers[window * n + j];
                MemorySegment.copy(f.memory(k), ValueLayout.JAVA_FLOAT, at(k, row, h), w.q, 0, size);
                for (int d = 0; d < size; d++) {
                    w.k[d * n + j] = w.q[d];
                }
                MemorySegment.copy(f.memory(v), ValueLayout.JAVA_FLOAT, at(v, row, h), w.v, j * size, size);
            }
            for (int i = 0; i < n; i++) {
                int number = numbers[window * n + i];
                int line = number / gridWidth;
                int column = number % gridWidth;
                if (line < op.height() && column < op.width()) { // not padding
                    MemorySegment.copy(f.memory(q), ValueLayout.JAVA_FLOAT, at(q, first + number, h), w.q, 0, size);
                    row(f.kernels.rows(), w, n, (h * n + i) * n, (window * n + i) * n);
                    int to = f.first(y, segment) + line * op.width() + column;
                    MemorySegment.copy(w.z, 0, f.memory(y), ValueLayout.JAVA_FLOAT, at(y, to, h), size);
                }
            }
        }

        private long at(Slot s, int row, int h) {
            return (s.at(row) + (long) h * size) * 4;
        }

        /** One query against all keys of its window. */
        private void row(RowKernels kernels, Work w, int n, int biasAt, int maskAt) {
            float[] s = w.row;
            Arrays.fill(s, 0);
            for (int d = 0; d < size; d++) {
                addScaled(s, w.q[d], w.k, d * n);
            }
            float scale = (float) op.scale();
            for (int j = 0; j < n; j++) {
                s[j] = Math.fma(s[j], scale, bias[biasAt + j]);
            }
            for (int j = 0; j < n && mask.length > 0; j++) {
                s[j] += mask[maskAt + j];
            }
            MemorySegment.copy(s, 0, w.scores, ValueLayout.JAVA_FLOAT, 0, n);
            kernels.softmax(w.scores, 0, w.scores, 0, n);
            MemorySegment.copy(w.scores, ValueLayout.JAVA_FLOAT, 0, s, 0, n);
            Arrays.fill(w.z, 0);
            for (int j = 0; j < n; j++) {
                addScaled(w.z, s[j], w.v, j * size);
            }
        }

        private static void addScaled(float[] sum, float factor, float[] x, int at) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] = Math.fma(factor, x[at + i], sum[i]);
            }
        }
    }
}
