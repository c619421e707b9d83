package dev.cutaway.graph.run;

import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.function.Supplier;

/** Steps whose rows are independent of each other: norms, sums, activations, rotation, copies. */
final class RowSteps {
    /** Rows handed out at once. */
    private static final int PER_CHUNK = 8;

    private RowSteps() {}

    /** A step over rows of one slot, in chunks of rows. */
    abstract static class ByRow extends Step {
        final Slot y;

        ByRow(Slot y) {
            this.y = y;
        }

        @Override
        int chunks(Frame f) {
            return rowChunks(f.rows(y), PER_CHUNK);
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int from = chunk * PER_CHUNK;
            rows(f, from, Math.min(f.rows(y), from + PER_CHUNK));
        }

        abstract void rows(Frame f, int from, int to);
    }

    /** RMS norm or layer norm; a slot row may hold several rows of the norm's width (heads). */
    static final class Norm extends ByRow {
        private final Slot x;
        private final int gainSize;
        private final Supplier<Tensor> gainSource;
        private final Optional<Supplier<Tensor>> biasSource;
        private final boolean rms;
        private final float eps;
        private final float offset;
        private Tensor gain = Tensor.zeros(1);
        private Tensor bias = gain;
        private boolean handedOver;

        /** {@code width}: numbers that are normed together. */
        Norm(
                Slot x,
                Slot y,
                int width,
                Supplier<Tensor> gain,
                Optional<Supplier<Tensor>> bias,
                boolean rms,
                double eps,
                double offset) {
            super(y);
            this.x = x;
            this.gainSize = width;
            this.gainSource = gain;
            this.biasSource = bias;
            this.rms = rms;
            this.eps = (float) eps;
            this.offset = (float) offset;
        }

        @Override
        void prepare() {
            gain = gainSource.get();
            bias = biasSource.map(Supplier::get).orElseGet(() -> Tensor.zeros(gain.size()));
        }

        Slot input() {
            return x;
        }

        /** Whether the product after this step may compute a row for itself ({@link #row}): the norm is over the whole of it. */
        boolean handsOver(Slot to) {
            handedOver |= to == y && x.alike(y) && gainSize == x.width;
            return handedOver;
        }

        /** Whether it does so this time. */
        boolean leaves(Frame f) {
            return handedOver && f.rows(y) == 1;
        }

        @Override
        int chunks(Frame f) {
            return leaves(f) ? 0 : super.chunks(f);
        }

        /** The only row, to the start of a segment. */
        void row(Frame f, MemorySegment to) {
            norm(f, 0, 1, to, 0);
        }

        @Override
        void rows(Frame f, int from, int to) {
            norm(f, from, (to - from) * (x.width / gainSize), f.memory(y), y.at(from));
        }

        private void norm(Frame f, int from, int rows, MemorySegment out, long outAt) {
            int n = gainSize;
            MemorySegment in = f.memory(x);
            if (rms) {
                f.kernels.rows().rmsNorm(in, x.at(from), n, gain.data(), 0, offset, eps, out, outAt, n, rows, n);
            } else {
                f.kernels
                        .rows()
                        .layerNorm(in, x.at(from), n, gain.data(), 0, bias.data(), 0, eps, out, outAt, n, rows, n);
            }
        }
    }

    /** {@code y = a + b} or {@code a * b}. */
    static final class Zip extends ByRow {
        private final Slot a;
        private final Slot b;
        private final boolean multiply;

        Zip(Slot a, Slot b, Slot y, boolean multiply) {
            super(y);
            this.a = a;
            this.b = b;
            this.multiply = multiply;
        }

        @Override
        void rows(Frame f, int from, int to) {
            long n = (long) (to - from) * y.width;
            if (multiply) {
                f.kernels.rows().multiply(f.memory(a), a.at(from), f.memory(b), b.at(from), f.memory(y), y.at(from), n);
            } else {
                f.kernels.rows().add(f.memory(a), a.at(from), f.memory(b), b.at(from), f.memory(y), y.at(from), n);
            }
        }
    }

    /** {@code y = factor * x}. */
    static final class Scale extends ByRow {
        private final Slot x;
        private final float factor;

        Scale(Slot x, Slot y, double factor) {
            super(y);
            this.x = x;
            this.factor = (float) factor;
        }

        @Override
        void rows(Frame f, int from, int to) {
            long n = (long) (to - from) * y.width;
            f.kernels.rows().scale(factor, f.memory(x), x.at(from), f.memory(y), y.at(from), n);
        }
    }

    /** {@code y = cap * tanh(x / cap)}. */
    static final class Cap extends ByRow {
        private final Slot x;
        private final float cap;

        Cap(Slot x, Slot y, double cap) {
            super(y);
            this.x = x;
            this.cap = (float) cap;
        }

        @Override
        void rows(Frame f, int from, int to) {
            long n = (long) (to - from) * y.width;
            f.kernels.rows().softCap(cap, f.memory(x), x.at(from), f.memory(y), y.at(from), n);
        }
    }

    /** {@code y = function(x)}, times {@code up} if gated. */
    static final class Activate extends ByRow {
        private final Activation function;
        private final Slot x;
        private final Optional<Slot> up;

        Activate(Activation function, Slot x, Optional<Slot> up, Slot y) {
            super(y);
            this.function = function;
            this.x = x;
            this.up = up;
        }

        @Override
        void rows(Frame f, int from, int to) {
            long n = (long) (to - from) * y.width;
            if (up.isPresent()) {
                Slot u = up.get();
                f.kernels
                        .rows()
                        .activateGated(
                                function, f.memory(x), x.at(from), f.memory(u), u.at(from), f.memory(y), y.at(from), n);
            } else {
                f.kernels.rows().activate(function, f.memory(x), x.at(from), f.memory(y), y.at(from), n);
            }
        }
    }

    /** Rows that the step was given. */
    static final class Given extends ByRow {
        private final String input;

        Given(String input, Slot y) {
            super(y);
            this.input = input;
        }

        @Override
        void rows(Frame f, int from, int to) {
            Tensor t = f.batch.reals.get(input);
            if (t == null) {
                throw new IllegalArgumentException("the step needs '" + input + "', which was not given");
            }
            MemorySegment.copy(t.data(), y.at(from) * 4, f.memory(y), y.at(from) * 4, (to - from) * 4L * y.width);
        }
    }

    /** A slot's rows copied to another: all of them, or to a tail slot only those wanted. */
    static final class Copy extends ByRow {
        private final Slot x;

        Copy(Slot x, Slot y) {
            super(y);
            this.x = x;
        }

        @Override
        void rows(Frame f, int from, int to) {
            boolean select = y.rows == Slot.Rows.TAIL && x.rows == Slot.Rows.ALL;
            for (int r = from; r < to; r++) {
                int row = select ? f.tail[r] : r;
                MemorySegment.copy(f.memory(x), x.at(row) * 4, f.memory(y), y.at(r) * 4, (long) x.width * 4);
            }
        }
    }

    /** The first row of each sequence. */
    static final class First extends ByRow {
        private final Slot x;

        First(Slot x, Slot y) {
            super(y);
            this.x = x;
        }

        @Override
        void rows(Frame f, int from, int to) {
            for (int i = from; i < to; i++) {
                MemorySegment.copy(
                        f.memory(x), x.at(f.batch.starts[i]) * 4, f.memory(y), y.at(i) * 4, (long) x.width * 4);
            }
        }
    }

    /** Rows side by side. */
    static final class Concat extends ByRow {
        private final java.util.List<Slot> parts;

        Concat(java.util.List<Slot> parts, Slot y) {
            super(y);
            this.parts = java.util.List.copyOf(parts);
        }

        @Override
        void rows(Frame f, int from, int to) {
            int at = 0;
            for (int i = 0; i < parts.size(); i++) { // no iterator: this runs for every token
                Slot x = parts.get(i);
                for (int r = from; r < to; r++) {
                    MemorySegment.copy(f.memory(x), x.at(r) * 4, f.memory(y), (y.at(r) + at) * 4, (long) x.width * 4);
                }
                at += x.width;
            }
        }
    }

    /** The rows of x, and a learned vector where an integer input is a certain number. */
    static final class Choose extends ByRow {
        private final String flags;
        private final int at;
        private final Supplier<Tensor> source;
        private final Slot x;
        private Tensor vector = Tensor.zeros(1);

        Choose(String flags, int at, Supplier<Tensor> vector, Slot x, Slot y) {
            super(y);
            this.at = at;
            this.flags = flags;
            this.source = vector;
            this.x = x;
        }

        @Override
        void prepare() {
            vector = source.get();
        }

        @Override
        void rows(Frame f, int from, int to) {
            int[] flag = f.ints(flags);
            for (int r = from; r < to; r++) {
                boolean own = flag[y.rows == Slot.Rows.TAIL ? f.tail[r] : r] != at;
                MemorySegment.copy(
                        own ? f.memory(x) : vector.data(),
                        own ? x.at(r) * 4 : 0,
                        f.memory(y),
                        y.at(r) * 4,
                        (long) x.width * 4);
            }
        }
    }

    /** Rows of an embedding table. */
    static final class Embed extends ByRow {
        private final String ids;
        private final Supplier<Tensor> source;
        private final Optional<Supplier<PackedMatrix>> packedSource;
        private Tensor table = Tensor.zeros(1);
        private @org.jspecify.annotations.Nullable PackedMatrix packed;

        Embed(String ids, Supplier<Tensor> table, Optional<Supplier<PackedMatrix>> packed, Slot y) {
            super(y);
            this.ids = ids;
            this.source = table;
            this.packedSource = packed;
        }

        @Override
        void prepare() {
            table = source.get();
            packed = packedSource.map(Supplier::get).orElse(null);
        }

        @Override
        void rows(Frame f, int from, int to) {
            int[] id = f.ints(ids);
            for (int r = from; r < to; r++) {
                int row = id[y.rows == Slot.Rows.TAIL ? f.tail[r] : r];
                if (row < 0 || row >= table.dim(0)) {
                    throw new dev.cutaway.tensor.BadInputException(ids + ": id " + row + " is outside the table of "
                            + table.dim(0) + " rows; use ids from 0 to " + (table.dim(0) - 1));
                }
                if (packed != null) {
                    packed.row(row, f.memory(y), y.at(r));
                } else if (table.dtype() == DType.F32) {
                    MemorySegment.copy(
                            table.data(), (long) row * y.width * 4, f.memory(y), y.at(r) * 4, (long) y.width * 4);
                } else {
                    for (int i = 0; i < y.width; i++) {
                        f.memory(y)
                                .setAtIndex(ValueLayout.JAVA_FLOAT, y.at(r) + i, table.get((long) row * y.width + i));
                    }
                }
            }
        }
    }

    /** Cosines and sines of the rows' positions. */
    static final class Angles extends Step {
        private final RopeFrequencies frequencies;
        private final String position;
        private final Slot cos;
        private final Slot sin;
        private float[] c;
        private float[] s;

        Angles(RopeFrequencies frequencies, String position, Slot cos, Slot sin) {
            this.frequencies = frequencies;
            this.position = position;
            this.cos = cos;
            this.sin = sin;
            this.c = new float[frequencies.pairs()];
            this.s = new float[frequencies.pairs()];
        }

        @Override
        int chunks(Frame f) {
            return f.rows == 0 ? 0 : 1;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int[] at = f.ints(position);
            for (int i = 0; i < f.batch.segments; i++) {
                int length =
                        Math.max(f.batch.total, f.batch.states[i].length() + f.batch.starts[i + 1] - f.batch.starts[i]);
                for (int r = f.batch.starts[i]; r < f.batch.starts[i + 1]; r++) {
                    frequencies.row(at[r], Math.max(length, at[r] + 1), c, s, 0);
                    MemorySegment.copy(c, 0, f.memory(cos), ValueLayout.JAVA_FLOAT, cos.at(r) * 4, c.length);
                    MemorySegment.copy(s, 0, f.memory(sin), ValueLayout.JAVA_FLOAT, sin.at(r) * 4, s.length);
                }
            }
        }
    }

    /** Turns the heads of each row, in place after a copy if the unturned rows are still needed. */
    static final class Rotate extends ByRow {
        private final Slot x;
        private final Slot cos;
        private final Slot sin;
        private final int headSize;
        private final boolean interleaved;

        Rotate(Slot x, Slot y, Slot cos, Slot sin, int headSize, boolean interleaved) {
            super(y);
            this.x = x;
            this.cos = cos;
            this.sin = sin;
            this.headSize = headSize;
            this.interleaved = interleaved;
        }

        @Override
        void rows(Frame f, int from, int to) {
            if (x != y) {
                MemorySegment.copy(
                        f.memory(x), x.at(from) * 4, f.memory(y), y.at(from) * 4, (to - from) * 4L * x.width);
            }
            for (int r = from; r < to; r++) {
                f.kernels
                        .rows()
                        .rotate(
                                f.memory(y),
                                y.at(r),
                                y.width / headSize,
                                headSize,
                                cos.width,
                                f.memory(cos),
                                cos.at(r),
                                f.memory(sin),
                                sin.at(r),
                                interleaved);
            }
        }
    }
}
