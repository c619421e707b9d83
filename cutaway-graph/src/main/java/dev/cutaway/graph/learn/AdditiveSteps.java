package dev.cutaway.graph.learn;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Additive attention, forward and back; a chunk is a sequence. Scores are computed again on the way back. */
final class AdditiveSteps {
    private AdditiveSteps() {}

    /** What one pass reads. */
    record Given(Place q, Place k, Place v, Parameter weight) {
        int size() {
            return q.width;
        }

        /** Keys of the longest source. */
        int most(Work w) {
            int[] starts = w.starts(k.kind);
            int most = 0;
            for (int i = 0; i + 1 < starts.length; i++) {
                most = Math.max(most, starts[i + 1] - starts[i]);
            }
            return most;
        }

        /** Pattern of one row at {@code pattern}, {@code tanh(q + k)} of all keys at {@code hidden}. */
        void row(Work w, int row, int from, int keys, MemorySegment room, long hidden, long pattern) {
            RowKernels r = w.kernels.rows();
            int n = size();
            for (int s = 0; s < keys; s++) {
                r.add(w.memory(k), w.at(k, from + s), w.memory(q), w.at(q, row), room, hidden + (long) s * n, n);
            }
            r.activate(Activation.TANH, room, hidden, room, hidden, (long) keys * n);
            for (int s = 0; s < keys; s++) {
                float score = r.dot(w.weight(weight), 0, room, hidden + (long) s * n, n);
                room.set(ValueLayout.JAVA_FLOAT, 4 * (pattern + s), score);
            }
            r.softmax(room, pattern, room, pattern, keys);
        }
    }

    /** {@code z = pattern v}. */
    static final class Attend extends Step {
        private final Given g;
        private final Place z;

        Attend(Given g, Place z) {
            this.g = g;
            this.z = z;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        long scratch(Work w) {
            return (long) g.most(w) * (g.size() + 1) + 32;
        }

        @Override
        void run(Work w, int segment, int worker) {
            int from = w.starts(g.k.kind)[segment];
            int keys = w.starts(g.k.kind)[segment + 1] - from;
            MemorySegment room = w.scratch(worker);
            long hidden = w.own();
            long pattern = hidden + (long) keys * g.size();
            for (int row = w.starts(z.kind)[segment]; row < w.starts(z.kind)[segment + 1]; row++) {
                g.row(w, row, from, keys, room, hidden, pattern);
                long to = w.at(z, row);
                w.memory(z).asSlice(4 * to, 4L * z.width).fill((byte) 0);
                for (int s = 0; s < keys; s++) {
                    float p = room.get(ValueLayout.JAVA_FLOAT, 4 * (pattern + s));
                    w.kernels.rows().addScaled(p, w.memory(g.v), w.at(g.v, from + s), w.memory(z), to, z.width);
                }
            }
        }
    }

    /** The way back; the weight's gradient is left by sequence. */
    static final class AttendBack extends Step {
        private final Given g;
        private final Place dz;
        private final Place dq;
        private final Place dk;
        private final Place dv;
        private final Optional<Place> dWeight;

        AttendBack(Given g, Place dz, Place dq, Place dk, Place dv, Optional<Place> dWeight) {
            this.g = g;
            this.dz = dz;
            this.dq = dq;
            this.dk = dk;
            this.dv = dv;
            this.dWeight = dWeight;
        }

        @Override
        int chunks(Work w) {
            return w.segments();
        }

        @Override
        long scratch(Work w) {
            return (long) g.most(w) * (g.size() + 2) + 2L * g.size() + 64;
        }

        @Override
        void run(Work w, int segment, int worker) {
            int from = w.starts(g.k.kind)[segment];
            int keys = w.starts(g.k.kind)[segment + 1] - from;
            zero(w, dk, from, keys);
            zero(w, dv, from, keys);
            dWeight.ifPresent(d -> zero(w, d, segment, 1));
            for (int row = w.starts(dz.kind)[segment]; row < w.starts(dz.kind)[segment + 1]; row++) {
                zero(w, dq, row, 1);
                row(w, segment, row, from, keys, w.scratch(worker));
            }
        }

        private static void zero(Work w, Place p, int row, int rows) {
            w.memory(p).asSlice(4 * w.at(p, row), 4L * rows * p.width).fill((byte) 0);
        }

        private void row(Work w, int segment, int row, int from, int keys, MemorySegment room) {
            RowKernels r = w.kernels.rows();
            int n = g.size();
            long hidden = w.own();
            long pattern = hidden + (long) keys * n;
            long dPattern = pattern + keys;
            long dHidden = dPattern + keys;
            g.row(w, row, from, keys, room, hidden, pattern);
            double mean = 0;
            for (int s = 0; s < keys; s++) {
                float p = room.get(ValueLayout.JAVA_FLOAT, 4 * (pattern + s));
                r.addScaled(p, w.memory(dz), w.at(dz, row), w.memory(dv), w.at(dv, from + s), dz.width);
                float d = r.dot(w.memory(dz), w.at(dz, row), w.memory(g.v), w.at(g.v, from + s), dz.width);
                room.set(ValueLayout.JAVA_FLOAT, 4 * (dPattern + s), d);
                mean += (double) p * d;
            }
            for (int s = 0; s < keys; s++) {
                float p = room.get(ValueLayout.JAVA_FLOAT, 4 * (pattern + s));
                float d = (float) (p * (room.get(ValueLayout.JAVA_FLOAT, 4 * (dPattern + s)) - mean));
                long t = hidden + (long) s * n;
                dWeight.ifPresent(x -> r.addScaled(d, room, t, w.memory(x), w.at(x, segment), n));
                // d v (1 - t^2) = d v - d v t t
                r.multiply(room, t, room, t, room, dHidden, n);
                r.multiply(room, dHidden, w.weight(g.weight), 0, room, dHidden, n);
                r.scale(-d, room, dHidden, room, dHidden, n);
                r.addScaled(d, w.weight(g.weight), 0, room, dHidden, n);
                r.add(w.memory(dq), w.at(dq, row), room, dHidden, w.memory(dq), w.at(dq, row), n);
                r.add(w.memory(dk), w.at(dk, from + s), room, dHidden, w.memory(dk), w.at(dk, from + s), n);
            }
        }
    }
}
