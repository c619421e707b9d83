package dev.cutaway.graph.run;

import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.AttentionKernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Steps of models that are recurrent: rows after rows, and the attention that goes with them. */
final class RecurrentSteps {
    private RecurrentSteps() {}

    /**
     * Where a recurrence goes on from.
     *
     * @param state of the states kept
     * @param cell of the memory cells kept
     */
    record Past(int state, int cell) {}

    /** Long short-term memory: a chunk is some sequences, whose rows of one time go through the recurrent weight together. */
    static final class Lstm extends Step {
        private static final int TOGETHER = 8;
        private final Slot x;
        private final Supplier<PackedMatrix> source;
        private final boolean backwards;
        private final Optional<Past> past;
        private final Slot h;
        private final Slot c;
        private @Nullable PackedMatrix weight;

        /** @param past what it goes on from, if sequences come in parts */
        Lstm(Slot x, Supplier<PackedMatrix> source, boolean backwards, Optional<Past> past, Slot h, Slot c) {
            this.x = x;
            this.source = source;
            this.backwards = backwards;
            this.past = past;
            this.h = h;
            this.c = c;
        }

        @Override
        void prepare() {
            weight = source.get();
        }

        @Override
        int chunks(Frame f) {
            return f.rows == 0 ? 0 : rowChunks(f.batch.segments, TOGETHER);
        }

        private long own(Frame f) {
            return (f.kernels.matrix().scratchFloats(Objects.requireNonNull(weight), TOGETHER) + 15) / 16 * 16;
        }

        @Override
        long scratch(Frame f) {
            return own(f) + 5L * TOGETHER * h.width + h.width;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int first = chunk * TOGETHER;
            int end = Math.min(f.batch.segments, first + TOGETHER);
            int most = 0;
            for (int s = first; s < end; s++) {
                most = Math.max(most, f.batch.starts[s + 1] - f.batch.starts[s]);
            }
            for (int t = 0; t < most; t++) {
                time(f, first, end, t, f.scratch[worker]);
            }
        }

        private void time(Frame f, int first, int end, int t, MemorySegment room) {
            int n = h.width;
            long gates = own(f);
            long before = gates + 4L * TOGETHER * n;
            int rows = 0;
            for (int s = first; s < end; s++) {
                if (row(f, s, t) < 0) {
                    continue;
                }
                MemorySegment.copy(f.memory(x), 4 * x.at(row(f, s, t)), room, 4 * (gates + 4L * rows * n), 16L * n);
                long to = before + (long) rows * n;
                if (t > 0) {
                    MemorySegment.copy(f.memory(h), 4 * h.at(row(f, s, t - 1)), room, 4 * to, 4L * n);
                } else if (goesOn(f, s)) {
                    int state = past.orElseThrow().state();
                    MemorySegment.copy(f.batch.states[s].memory(state), 4 * kept(f, s, state), room, 4 * to, 4L * n);
                } else {
                    room.asSlice(4 * to, 4L * n).fill((byte) 0);
                }
                rows++;
            }
            PackedMatrix w = Objects.requireNonNull(weight);
            f.kernels.matrix().multiply(w, room, before, n, room, gates, 4L * n, rows, 0, w.panels(), true, 0, room, 0);
            int i = 0;
            for (int s = first; s < end; s++) {
                if (row(f, s, t) >= 0) {
                    cell(f, s, t, room, gates + 4L * i++ * n, before);
                }
            }
        }

        /** The row of a sequence at a time; -1 if it has none any more. */
        private int row(Frame f, int s, int t) {
            int from = f.batch.starts[s];
            int to = f.batch.starts[s + 1];
            return t >= to - from ? -1 : backwards ? to - 1 - t : from + t;
        }

        private boolean goesOn(Frame f, int s) {
            return past.isPresent() && f.batch.states[s].length() > 0;
        }

        /** Where the last row kept of a sequence lies. */
        private long kept(Frame f, int s, int state) {
            SequenceState q = f.batch.states[s];
            return q.headAt(state, 0) + (long) (q.length() - 1) * h.width;
        }

        private void cell(Frame f, int s, int t, MemorySegment room, long at, long spare) {
            RowKernels r = f.kernels.rows();
            int n = h.width;
            int row = row(f, s, t);
            r.activate(Activation.SIGMOID, room, at, room, at, 2L * n);
            r.activate(Activation.TANH, room, at + 2L * n, room, at + 2L * n, n);
            r.activate(Activation.SIGMOID, room, at + 3L * n, room, at + 3L * n, n);
            r.multiply(room, at, room, at + 2L * n, f.memory(c), c.at(row), n);
            if (t > 0) {
                r.multiply(room, at + n, f.memory(c), c.at(row(f, s, t - 1)), room, spare, n);
                r.add(f.memory(c), c.at(row), room, spare, f.memory(c), c.at(row), n);
            } else if (goesOn(f, s)) {
                int cell = past.orElseThrow().cell();
                r.multiply(room, at + n, f.batch.states[s].memory(cell), kept(f, s, cell), room, spare, n);
                r.add(f.memory(c), c.at(row), room, spare, f.memory(c), c.at(row), n);
            }
            r.activate(Activation.TANH, f.memory(c), c.at(row), f.memory(h), h.at(row), n);
            r.multiply(f.memory(h), h.at(row), room, at + 3L * n, f.memory(h), h.at(row), n);
        }
    }

    /** {@link AdditiveAttention} over what is kept of the source. */
    static final class Attend extends Step {
        private static final int ROWS = 4;
        private final Slot q;
        private final int keys;
        private final int values;
        private final SequenceState.Layout key;
        private final SequenceState.Layout value;
        private final Supplier<MemorySegment> source;
        private final Slot out;
        private MemorySegment weight = MemorySegment.NULL;

        Attend(
                Slot q,
                int keys,
                int values,
                SequenceState.Layout key,
                SequenceState.Layout value,
                Supplier<MemorySegment> source,
                Slot out) {
            this.q = q;
            this.keys = keys;
            this.values = values;
            this.key = key;
            this.value = value;
            this.source = source;
            this.out = out;
        }

        @Override
        void prepare() {
            weight = source.get();
        }

        @Override
        int chunks(Frame f) {
            return rowChunks(f.rows, ROWS);
        }

        @Override
        long scratch(Frame f) {
            int most = 0;
            for (int i = 0; i < f.batch.segments; i++) {
                most = Math.max(most, f.batch.states[i].length(key));
            }
            return (long) most * (key.size() + 1) + value.size() + 64;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int to = Math.min(f.rows, (chunk + 1) * ROWS);
            for (int row = chunk * ROWS; row < to; row++) {
                row(f, row, f.batch.states[f.segmentOf(row)], f.scratch[worker]);
            }
        }

        private void row(Frame f, int row, SequenceState s, MemorySegment room) {
            RowKernels r = f.kernels.rows();
            int n = key.size();
            int count = s.length(key);
            long pattern = (long) count * n;
            long spare = pattern + count;
            for (int i = 0; i < count; i++) {
                long at = (long) i * n;
                AttentionKernels.loadValue(s.memory(keys), s.headAt(keys, 0) + at, n, key.halves(), room, at);
                r.add(room, at, f.memory(q), q.at(row), room, at, n);
            }
            r.activate(Activation.TANH, room, 0, room, 0, (long) count * n);
            for (int i = 0; i < count; i++) {
                float score = r.dot(weight, 0, room, (long) i * n, n);
                room.set(ValueLayout.JAVA_FLOAT, 4 * (pattern + i), score);
            }
            r.softmax(room, pattern, room, pattern, count);
            f.memory(out).asSlice(4 * out.at(row), 4L * out.width).fill((byte) 0);
            for (int i = 0; i < count; i++) {
                long from = s.headAt(values, 0) + (long) i * value.size();
                AttentionKernels.loadValue(s.memory(values), from, value.size(), value.halves(), room, spare);
                float p = room.get(ValueLayout.JAVA_FLOAT, 4 * (pattern + i));
                r.addScaled(p, room, spare, f.memory(out), out.at(row), value.size());
            }
        }
    }
}
