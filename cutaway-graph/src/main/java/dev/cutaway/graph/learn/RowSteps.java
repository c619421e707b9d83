package dev.cutaway.graph.learn;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/** Steps over rows and elements. */
final class RowSteps {
    /** Elements of a chunk. */
    private static final int ELEMENTS = 1 << 15;

    private RowSteps() {}

    /** A step over all elements of values of one shape. */
    abstract static class Elements extends Step {
        final Place like;

        Elements(Place like) {
            this.like = like;
        }

        private int rowsEach() {
            return Math.max(1, ELEMENTS / like.width);
        }

        @Override
        final int chunks(Work w) {
            return parts(w.rows(like), rowsEach());
        }

        @Override
        final void run(Work w, int chunk, int worker) {
            int row = chunk * rowsEach();
            int rows = Math.min(rowsEach(), w.rows(like) - row);
            elements(w, row, (long) rows * like.width);
        }

        /** So many elements from a row on. */
        abstract void elements(Work w, int row, long n);
    }

    /** {@code y = a + b}, {@code a - b} or {@code a * b}. */
    static final class Zip extends Elements {
        private final Binary op;
        private final Place a;
        private final Place b;
        private final Place y;

        Zip(Binary op, Place a, Place b, Place y) {
            super(y);
            this.op = op;
            this.a = a;
            this.b = b;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            RowKernels k = w.kernels.rows();
            MemorySegment to = w.memory(y);
            long at = w.at(y, row);
            switch (op) {
                case ADD -> k.add(w.memory(a), w.at(a, row), w.memory(b), w.at(b, row), to, at, n);
                case MULTIPLY -> k.multiply(w.memory(a), w.at(a, row), w.memory(b), w.at(b, row), to, at, n);
                case SUBTRACT -> {
                    if (a != y) {
                        MemorySegment.copy(w.memory(a), 4 * w.at(a, row), to, 4 * at, 4 * n);
                    }
                    k.addScaled(-1, w.memory(b), w.at(b, row), to, at, n);
                }
                case DIVIDE -> throw new IllegalStateException("no step divides");
            }
        }
    }

    /** {@code y = factor * x}. */
    static final class Scale extends Elements {
        private final float factor;
        private final Place x;
        private final Place y;

        Scale(double factor, Place x, Place y) {
            super(y);
            this.factor = (float) factor;
            this.x = x;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            w.kernels.rows().scale(factor, w.memory(x), w.at(x, row), w.memory(y), w.at(y, row), n);
        }
    }

    /** {@link Dropout}, by its own definition in a loop that becomes vectors. */
    static final class Drop extends Elements {
        private final Dropout op;
        private final Place x;
        private final Place y;

        Drop(Dropout op, Place x, Place y) {
            super(y);
            this.op = op;
            this.x = x;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            int[] starts = w.starts(y.kind);
            int[] seeds = w.ints(Dropout.SEED);
            int end = row + (int) (n / y.width);
            int segment = Arrays.binarySearch(starts, row);
            segment = segment >= 0 ? segment : -segment - 2;
            for (int from = row; from < end; segment++) {
                int to = Math.min(end, starts[segment + 1]);
                if (from < to) {
                    drop(w, from, to, starts[segment], seeds[segment]);
                    from = to;
                }
            }
        }

        private void drop(Work w, int from, int to, int first, int seed) {
            MemorySegment in = w.memory(x).asSlice(4 * w.at(x, from), 4L * (to - from) * y.width);
            MemorySegment out = w.memory(y).asSlice(4 * w.at(y, from), 4L * (to - from) * y.width);
            if (seed < 0) {
                if (x != y) {
                    out.copyFrom(in);
                }
                return;
            }
            int key = op.key(seed);
            int threshold = op.threshold();
            float gain = op.gain();
            int begin = (from - first) * y.width;
            int n = (to - from) * y.width;
            for (int i = 0; i < n; i++) {
                float kept = gain * in.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
                int bits = Float.floatToRawIntBits(kept) & Dropout.kept(key, begin + i, threshold);
                out.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, bits);
            }
        }
    }

    /** {@code y = f(x)}, or {@code f(x) * up}. */
    static final class Activate extends Elements {
        private final Activation f;
        private final Place x;
        private final Optional<Place> up;
        private final Place y;

        Activate(Activation f, Place x, Optional<Place> up, Place y) {
            super(y);
            this.f = f;
            this.x = x;
            this.up = up;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            RowKernels k = w.kernels.rows();
            if (up.isPresent()) {
                Place u = up.get();
                k.activateGated(f, w.memory(x), w.at(x, row), w.memory(u), w.at(u, row), w.memory(y), w.at(y, row), n);
            } else {
                k.activate(f, w.memory(x), w.at(x, row), w.memory(y), w.at(y, row), n);
            }
        }
    }

    /** {@code dx = dy f'(x)}. */
    static final class Slope extends Elements {
        private final Activation f;
        private final Place x;
        private final Place dy;
        private final Place dx;

        Slope(Activation f, Place x, Place dy, Place dx) {
            super(dx);
            this.f = f;
            this.x = x;
            this.dy = dy;
            this.dx = dx;
        }

        @Override
        void elements(Work w, int row, long n) {
            w.kernels
                    .dense()
                    .slope(f, w.memory(x), w.at(x, row), w.memory(dy), w.at(dy, row), w.memory(dx), w.at(dx, row), n);
        }
    }

    /** Back through {@code f(gate) * up}. */
    static final class GateBack extends Elements {
        private final Activation f;
        private final Place gate;
        private final Place up;
        private final Place dy;
        private final Place dGate;
        private final Place dUp;

        GateBack(Activation f, Place gate, Place up, Place dy, Place dGate, Place dUp) {
            super(dGate);
            this.f = f;
            this.gate = gate;
            this.up = up;
            this.dy = dy;
            this.dGate = dGate;
            this.dUp = dUp;
        }

        @Override
        void elements(Work w, int row, long n) {
            RowKernels k = w.kernels.rows();
            MemorySegment x = w.memory(gate);
            MemorySegment d = w.memory(dy);
            k.activateGated(f, x, w.at(gate, row), d, w.at(dy, row), w.memory(dUp), w.at(dUp, row), n);
            k.multiply(d, w.at(dy, row), w.memory(up), w.at(up, row), w.memory(dGate), w.at(dGate, row), n);
            w.kernels
                    .dense()
                    .slope(
                            f,
                            x,
                            w.at(gate, row),
                            w.memory(dGate),
                            w.at(dGate, row),
                            w.memory(dGate),
                            w.at(dGate, row),
                            n);
        }
    }

    /** Copies rows: what an operation that changes nothing gives where its input may not be overwritten. */
    static final class Copy extends Elements {
        private final Place x;
        private final Place y;

        Copy(Place x, Place y) {
            super(y);
            this.x = x;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            MemorySegment.copy(w.memory(x), 4 * w.at(x, row), w.memory(y), 4 * w.at(y, row), 4 * n);
        }
    }

    /** One number everywhere. */
    static final class Fill extends Elements {
        private final float value;
        private final Place y;

        Fill(double value, Place y) {
            super(y);
            this.value = (float) value;
            this.y = y;
        }

        @Override
        void elements(Work w, int row, long n) {
            MemorySegment to = w.memory(y).asSlice(4 * w.at(y, row), 4 * n);
            if (value == 0) {
                to.fill((byte) 0);
                return;
            }
            for (long i = 0; i < n; i++) {
                to.setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, i, value);
            }
        }
    }

    /** An input of real numbers, such as an image's patches. */
    static final class Given extends Step {
        private final String input;
        private final Place y;

        Given(String input, Place y) {
            this.input = input;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return w.rows(y) == 0 ? 0 : 1;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int[] starts = w.starts(y.kind);
            for (int i = 0; i < w.segments(); i++) {
                var t = Work.input(w.segment(i), input);
                if (t.size() != (long) (starts[i + 1] - starts[i]) * y.width) {
                    throw new IllegalArgumentException(
                            "input '" + input + "' " + t + " does not fit rows of " + y.width);
                }
                MemorySegment.copy(t.data(), 0, w.memory(y), 4 * w.at(y, starts[i]), 4 * t.size());
            }
        }
    }

    /** Rows of a chunk of norms: their gains' gradients are added up chunk by chunk, so this is part of the result. */
    private static final int NORM_ROWS = 64;

    /** What a norm is. */
    record Norm(boolean rms, double eps, double offset) {}

    /** A norm of rows; a value of several heads is as many rows. */
    static final class Normalize extends Step {
        private final Norm norm;
        private final Place x;
        private final Parameter gain;
        private final Optional<Parameter> bias;
        private final Place y;
        private final int width;

        Normalize(Norm norm, Place x, Parameter gain, Optional<Parameter> bias, Place y, int width) {
            this.norm = norm;
            this.x = x;
            this.gain = gain;
            this.bias = bias;
            this.y = y;
            this.width = width;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(x), NORM_ROWS);
        }

        @Override
        long scratch(Work w) {
            return width;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int row = chunk * NORM_ROWS;
            int rows = Math.min(NORM_ROWS, w.rows(x) - row) * (x.width / width);
            MemorySegment from = w.memory(x);
            MemorySegment to = w.memory(y);
            long at = w.at(x, row);
            long toAt = w.at(y, row);
            RowKernels k = w.kernels.rows();
            if (norm.rms) {
                k.rmsNorm(
                        from,
                        at,
                        width,
                        w.weight(gain),
                        0,
                        (float) norm.offset,
                        (float) norm.eps,
                        to,
                        toAt,
                        width,
                        rows,
                        width);
                return;
            }
            MemorySegment b = bias.map(w::weight).orElse(w.scratch(worker));
            long bAt = bias.isPresent() ? 0 : w.own();
            if (bias.isEmpty()) {
                w.scratch(worker).asSlice(4 * bAt, 4L * width).fill((byte) 0);
            }
            k.layerNorm(from, at, width, w.weight(gain), 0, b, bAt, (float) norm.eps, to, toAt, width, rows, width);
        }
    }

    /** Back through a norm. */
    static final class NormalizeBack extends Step {
        private final Norm norm;
        private final Place x;
        private final Parameter gain;
        private final Place dy;
        private final Place dx;
        private final Optional<Value> dGain;
        private final Optional<Value> dBias;
        private final int width;

        NormalizeBack(
                Norm norm,
                Place x,
                Parameter gain,
                Place dy,
                Place dx,
                Optional<Value> dGain,
                Optional<Value> dBias,
                int width) {
            this.norm = norm;
            this.x = x;
            this.gain = gain;
            this.dy = dy;
            this.dx = dx;
            this.dGain = dGain;
            this.dBias = dBias;
            this.width = width;
        }

        @Override
        int chunks(Work w) {
            int n = parts(w.rows(x), NORM_ROWS);
            w.shared(2L * n * width); // here, where one thread asks
            return n;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int row = chunk * NORM_ROWS;
            int rows = Math.min(NORM_ROWS, w.rows(x) - row) * (x.width / width);
            MemorySegment parts = w.shared(0);
            long at = 2L * chunk * width;
            parts.asSlice(4 * at, 8L * width).fill((byte) 0);
            w.kernels
                    .dense()
                    .normBack(
                            norm.rms,
                            w.memory(x),
                            w.at(x, row),
                            w.weight(gain),
                            (float) norm.offset,
                            (float) norm.eps,
                            w.memory(dy),
                            w.at(dy, row),
                            w.memory(dx),
                            w.at(dx, row),
                            dGain.isPresent() ? parts : MemorySegment.NULL,
                            at,
                            dBias.isPresent() ? parts : MemorySegment.NULL,
                            at + width,
                            rows,
                            width,
                            w.scratch(worker),
                            0);
        }

        /** Adds the chunks' sums up, in order. */
        Step sum() {
            return new Step() {
                @Override
                int chunks(Work w) {
                    return w.rows(x) > 0 && (dGain.isPresent() || dBias.isPresent()) ? 1 : 0;
                }

                @Override
                void run(Work w, int chunk, int worker) {
                    MemorySegment parts = w.shared(0);
                    for (int i = 0; i < parts(w.rows(x), NORM_ROWS); i++) {
                        long at = 2L * i * width;
                        dGain.ifPresent(v -> w.kernels.rows().add(w.sum(v), 0, parts, at, w.sum(v), 0, width));
                        dBias.ifPresent(v -> w.kernels.rows().add(w.sum(v), 0, parts, at + width, w.sum(v), 0, width));
                    }
                }
            };
        }
    }

    /** Rotary positions, or back: turned the other way. */
    static final class Rotate extends Step {
        private static final int ROWS = 32;
        private final Place x;
        private final Place cos;
        private final Place sin;
        private final Place y;
        private final int size;
        private final boolean interleaved;
        private final boolean back;

        Rotate(Place x, Place cos, Place sin, Place y, int size, boolean interleaved, boolean back) {
            this.x = x;
            this.cos = cos;
            this.sin = sin;
            this.y = y;
            this.size = size;
            this.interleaved = interleaved;
            this.back = back;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(x), ROWS);
        }

        @Override
        long scratch(Work w) {
            return sin.width;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int row = chunk * ROWS;
            int rows = Math.min(ROWS, w.rows(x) - row);
            MemorySegment own = w.scratch(worker);
            for (int r = row; r < row + rows; r++) {
                if (x != y) {
                    MemorySegment.copy(w.memory(x), 4 * w.at(x, r), w.memory(y), 4 * w.at(y, r), 4L * x.width);
                }
                w.kernels.rows().scale(back ? -1 : 1, w.memory(sin), w.at(sin, r), own, w.own(), sin.width);
                w.kernels
                        .rows()
                        .rotate(
                                w.memory(y),
                                w.at(y, r),
                                x.width / size,
                                size,
                                cos.width,
                                w.memory(cos),
                                w.at(cos, r),
                                own,
                                w.own(),
                                interleaved);
            }
        }
    }

    /** Rows of a table by number. */
    static final class Lookup extends Step {
        private static final int ROWS = 64;
        private final Parameter table;
        private final String ids;
        private final Place y;

        Lookup(Parameter table, String ids, Place y) {
            this.table = table;
            this.ids = ids;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(y), ROWS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Tensor from = w.weightTensor(table);
            long n = from.dim(0);
            int[] id = w.ints(ids);
            for (int r = chunk * ROWS; r < Math.min(w.rows(y), (chunk + 1) * ROWS); r++) {
                if (id[r] < 0 || id[r] >= n) {
                    throw new IllegalArgumentException("'" + ids + "' has " + id[r] + ", but "
                            + table.source().name() + " has " + n + " rows");
                }
                MemorySegment.copy(from.row(id[r]).widen().data(), 0, w.memory(y), 4 * w.at(y, r), 4L * y.width);
            }
        }
    }

    /** Rows added up by number, in order. */
    static final class Scatter extends Step {
        private static final int COLUMNS = 64;
        private final Place dy;
        private final String ids;
        private final Value sum;

        Scatter(Place dy, String ids, Value sum) {
            this.dy = dy;
            this.ids = ids;
            this.sum = sum;
        }

        @Override
        int chunks(Work w) {
            return w.rows(dy) == 0 ? 0 : parts(dy.width, COLUMNS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int column = chunk * COLUMNS;
            int n = Math.min(COLUMNS, dy.width - column);
            MemorySegment to = w.sum(sum);
            int[] id = w.ints(ids);
            for (int r = 0; r < w.rows(dy); r++) {
                long at = (long) id[r] * dy.width + column;
                w.kernels.rows().add(to, at, w.memory(dy), w.at(dy, r) + column, to, at, n);
            }
        }
    }

    /** Some columns of a value, put among those of another one. */
    static final class Columns extends Step {
        private static final int ROWS = 64;
        private final Place x;
        private final int from;
        private final Place y;
        private final int to;
        private final int n;

        Columns(Place x, int from, Place y, int to, int n) {
            this.x = x;
            this.from = from;
            this.y = y;
            this.to = to;
            this.n = n;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(y), ROWS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            for (int r = chunk * ROWS; r < Math.min(w.rows(y), (chunk + 1) * ROWS); r++) {
                long source = 4 * (w.at(x, r) + from);
                MemorySegment.copy(w.memory(x), source, w.memory(y), 4 * (w.at(y, r) + to), 4L * n);
            }
        }
    }

    /** The first row of each sequence, or back: as the first row, the others 0. */
    static final class First extends Step {
        private final Place all;
        private final Place first;
        private final boolean back;

        First(Place all, Place first, boolean back) {
            this.all = all;
            this.first = first;
            this.back = back;
        }

        @Override
        int chunks(Work w) {
            return w.segments() == 0 ? 0 : 1;
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int[] starts = w.starts(all.kind);
            long bytes = 4L * all.width;
            for (int i = 0; i < w.segments(); i++) {
                if (back) {
                    w.memory(all)
                            .asSlice(4 * w.at(all, starts[i]), bytes * (starts[i + 1] - starts[i]))
                            .fill((byte) 0);
                    MemorySegment.copy(
                            w.memory(first), 4 * w.at(first, i), w.memory(all), 4 * w.at(all, starts[i]), bytes);
                } else {
                    MemorySegment.copy(
                            w.memory(all), 4 * w.at(all, starts[i]), w.memory(first), 4 * w.at(first, i), bytes);
                }
            }
        }
    }

    /** Rows of a sequence whose labels count, each once, by their numbers; or back: to their places, the others 0. */
    static final class Counted extends Step {
        private final Place all;
        private final Place some;
        private final String numbers;
        private final boolean back;

        Counted(Place all, Place some, String numbers, boolean back) {
            this.all = all;
            this.some = some;
            this.numbers = numbers;
            this.back = back;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int[] number = w.ints(numbers);
            int[] starts = w.starts(all.kind);
            int[] places = w.starts(some.kind);
            int first = starts[chunk];
            long bytes = 4L * all.width;
            if (back) {
                w.memory(all)
                        .asSlice(4 * w.at(all, first), bytes * (starts[chunk + 1] - first))
                        .fill((byte) 0);
            }
            for (int i = places[chunk]; i < places[chunk + 1]; i++) {
                long row = 4 * w.at(all, first + Objects.checkIndex(number[i], starts[chunk + 1] - first));
                long own = 4 * w.at(some, i);
                if (back) {
                    MemorySegment.copy(w.memory(some), own, w.memory(all), row, bytes);
                } else {
                    MemorySegment.copy(w.memory(all), row, w.memory(some), own, bytes);
                }
            }
        }
    }

    /** A vector in place of the rows whose flag is 0, or, without a vector, zeros. */
    static final class Choose extends Step {
        private static final int ROWS = 64;
        private final String flags;
        private final int at;
        private final Optional<Parameter> vector;
        private final Place x;
        private final Place y;

        Choose(String flags, int at, Optional<Parameter> vector, Place x, Place y) {
            this.flags = flags;
            this.at = at;
            this.vector = vector;
            this.x = x;
            this.y = y;
        }

        @Override
        int chunks(Work w) {
            return parts(w.rows(y), ROWS);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int[] flag = w.ints(flags);
            long bytes = 4L * y.width;
            for (int r = chunk * ROWS; r < Math.min(w.rows(y), (chunk + 1) * ROWS); r++) {
                long to = 4 * w.at(y, r);
                if (flag[r] != at) {
                    MemorySegment.copy(w.memory(x), 4 * w.at(x, r), w.memory(y), to, bytes);
                } else if (vector.isPresent()) {
                    MemorySegment.copy(w.weight(vector.get()), 0, w.memory(y), to, bytes);
                } else {
                    w.memory(y).asSlice(to, bytes).fill((byte) 0);
                }
            }
        }
    }
}
