package dev.cutaway.graph.run;

import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.AttentionKernels;
import dev.cutaway.tensor.kernel.AttentionShape;
import dev.cutaway.tensor.kernel.KeyBlocks;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Steps that touch what is kept of a sequence: the recording, the cache, and attention over it. */
final class StateSteps {
    private StateSteps() {}

    /** Keeps the residual stream into a block. */
    static final class Keep extends Step {
        private final int block;
        private final Slot x;
        private final boolean source;

        Keep(int block, Slot x, boolean source) {
            this.block = block;
            this.x = x;
            this.source = source;
        }

        @Override
        int chunks(Frame f) {
            return f.rows > 0 && f.batch.states[0].recording() ? 1 : 0;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            for (int i = 0; i < f.batch.segments; i++) {
                SequenceState s = f.batch.states[i];
                if (s.recording()) {
                    int from = f.batch.starts[i];
                    long bytes = (long) (f.batch.starts[i + 1] - from) * x.width * 4;
                    long at = source ? 0 : (long) s.length() * x.width * 4;
                    MemorySegment.copy(f.memory(x), x.at(from) * 4, s.residual(block), at, bytes);
                }
            }
        }
    }

    /** Appends keys or values of the step's rows to a state. */
    static final class Append extends Step {
        private static final int PER_CHUNK = 16;
        private final int state;
        private final SequenceState.Layout layout;
        private final Slot x;

        Append(int state, SequenceState.Layout layout, Slot x) {
            this.state = state;
            this.layout = layout;
            this.x = x;
        }

        @Override
        int chunks(Frame f) {
            return rowChunks(f.rows, PER_CHUNK);
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int to = Math.min(f.rows, (chunk + 1) * PER_CHUNK);
            int segment = f.segmentOf(chunk * PER_CHUNK);
            for (int r = chunk * PER_CHUNK; r < to; r++) {
                if (r == f.batch.starts[segment + 1]) {
                    segment++;
                }
                SequenceState s = f.batch.states[segment];
                int index = (layout.source() ? 0 : s.length()) + r - f.batch.starts[segment];
                for (int h = 0; h < layout.heads(); h++) {
                    long from = x.at(r) + (long) h * layout.size();
                    long at = s.headAt(state, h);
                    if (layout.keys()) {
                        AttentionKernels.storeKey(
                                f.memory(x), from, s.memory(state), at, index, layout.size(), layout.halves());
                    } else {
                        AttentionKernels.storeValue(
                                f.memory(x),
                                from,
                                s.memory(state),
                                at + (long) index * layout.size(),
                                layout.size(),
                                layout.halves());
                    }
                }
            }
        }
    }

    /**
     * Attention of the step's rows over the cache: a chunk is up to {@link #ROWS} rows of one sequence, and the query heads of
     * one key head (which share its loads), or one query head where there would be too few chunks to go round. Where every
     * sequence has one row, a chunk is a range of keys instead, if kernels can do that, and {@link Merge} follows.
     */
    static final class Attend extends Step {
        private static final int ROWS = 18; // three of the kernels' tiles
        private final AttentionShape shape;
        private final AttentionShape one;
        private final int groups;
        private final Slot q;
        private final int keys;
        private final int values;
        private final SequenceState.Layout layout;
        private final boolean cross;
        private final Slot out;
        private final Optional<Value> bias;

        Attend(
                AttentionShape shape,
                int groups,
                Slot q,
                int keys,
                int values,
                SequenceState.Layout layout,
                boolean cross,
                Slot out,
                Optional<Value> bias) {
            this.shape = shape;
            this.one = shape.withHeads(1);
            this.groups = groups;
            this.q = q;
            this.keys = keys;
            this.values = values;
            this.layout = layout;
            this.cross = cross;
            this.out = out;
            this.bias = bias;
        }

        private int blocks(Frame f, int segment) {
            return rowChunks(f.batch.starts[segment + 1] - f.batch.starts[segment], ROWS);
        }

        /** The heads of a chunk. */
        private int heads(Frame f) {
            int n = groupChunks(f);
            return n % f.threads != 0 && n < 4 * f.threads ? 1 : shape.heads();
        }

        private int groupChunks(Frame f) {
            int n = 0;
            for (int i = 0; i < f.batch.segments; i++) {
                n += blocks(f, i) * groups;
            }
            return n;
        }

        /** Ranges of keys that a row's chunks are; 1 if its keys are taken at once. */
        private int ranges(Frame f) {
            int n = f.batch.segments * groups;
            boolean even = n % f.threads == 0 || n >= 4 * f.threads;
            if (f.rows != f.batch.segments || even || bias.isPresent()) {
                return 1;
            }
            int most = mostBlocks(f);
            int ranges = (4 * f.threads + n - 1) / n;
            while (n * ranges % f.threads != 0) {
                ranges++;
            }
            return Math.max(1, Math.min(ranges, most));
        }

        private int mostBlocks(Frame f) {
            int most = 0;
            for (int i = 0; i < f.batch.segments; i++) {
                most = Math.max(most, blocksOfKeys(f, i));
            }
            return most;
        }

        /** Blocks of keys that the only row of a sequence sees. */
        private int blocksOfKeys(Frame f, int segment) {
            Optional<KeyBlocks> parts = f.kernels.attention().keyBlocks();
            return parts.isPresent() ? parts.get().blocks(shape, keyCount(f, segment), position(f, segment)) : 0;
        }

        private int position(Frame f, int segment) {
            return cross || layout.source() ? 0 : f.batch.states[segment].length();
        }

        /** Only where {@link #blocksOfKeys} gave some. */
        private static KeyBlocks keyBlocks(Frame f) {
            return f.kernels.attention().keyBlocks().orElseThrow();
        }

        private long partFloats(Frame f) {
            return keyBlocks(f).partFloats(shape, mostBlocks(f));
        }

        @Override
        long shared(Frame f) {
            return ranges(f) > 1 ? f.rows * groups * partFloats(f) : 0;
        }

        @Override
        int chunks(Frame f) {
            int ranges = ranges(f);
            return ranges > 1 ? f.rows * groups * ranges : groupChunks(f) * (shape.heads() / heads(f));
        }

        private void part(Frame f, int chunk, int ranges, int worker) {
            int range = chunk % ranges;
            int g = chunk / ranges % groups;
            int segment = chunk / ranges / groups;
            SequenceState s = f.batch.states[segment];
            int blocks = blocksOfKeys(f, segment);
            int from = blocks * range / ranges;
            int to = blocks * (range + 1) / ranges;
            if (from < to) {
                keyBlocks(f)
                        .part(
                                shape,
                                f.memory(q),
                                q.at(segment) + (long) g * shape.heads() * shape.headSize(),
                                s.memory(keys),
                                s.headAt(keys, g),
                                s.memory(values),
                                s.headAt(values, g),
                                shape.valueSize(),
                                keyCount(f, segment),
                                position(f, segment),
                                from,
                                to,
                                f.shared,
                                (segment * groups + g) * partFloats(f),
                                f.scratch[worker],
                                0);
            }
        }

        private void merge(Frame f, int segment) {
            for (int g = 0; g < groups; g++) {
                keyBlocks(f)
                        .merge(
                                shape,
                                keyCount(f, segment),
                                position(f, segment),
                                f.shared,
                                (segment * groups + g) * partFloats(f),
                                f.memory(out),
                                out.at(segment) + (long) g * shape.heads() * shape.valueSize());
            }
        }

        @Override
        long scratch(Frame f) {
            int most = 1;
            for (int i = 0; i < f.batch.segments; i++) {
                most = Math.max(most, keyCount(f, i));
            }
            return f.kernels.attention().scratchFloats(shape, most);
        }

        private int keyCount(Frame f, int segment) {
            SequenceState s = f.batch.states[segment];
            int now = f.batch.starts[segment + 1] - f.batch.starts[segment];
            return cross ? s.sourceLength() : layout.source() ? now : s.length() + now;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            int ranges = ranges(f);
            if (ranges > 1) {
                part(f, chunk, ranges, worker);
                return;
            }
            int heads = heads(f);
            int parts = shape.heads() / heads;
            int part = chunk % parts;
            int segment = 0;
            int rest = chunk / parts;
            while (rest >= blocks(f, segment) * groups) {
                rest -= blocks(f, segment) * groups;
                segment++;
            }
            // Later rows have more keys: they go out first, so that no long chunk is left for the end.
            int block = blocks(f, segment) - 1 - rest / groups;
            int first = f.batch.starts[segment] + block * ROWS;
            int count = Math.min(ROWS, f.batch.starts[segment + 1] - first);
            attend(f, heads == 1 ? one : shape, segment, rest % groups, part * heads, first, count, worker);
        }

        private void attend(
                Frame f, AttentionShape some, int segment, int g, int head, int first, int count, int worker) {
            SequenceState s = f.batch.states[segment];
            int within = first - f.batch.starts[segment];
            int position = cross ? 0 : (layout.source() ? 0 : s.length()) + within;
            long qAt = q.at(first) + ((long) g * shape.heads() + head) * shape.headSize();
            long oAt = out.at(first) + ((long) g * shape.heads() + head) * shape.valueSize();
            MemorySegment k = s.memory(keys);
            MemorySegment v = s.memory(values);
            long kAt = s.headAt(keys, g);
            long vAt = s.headAt(values, g);
            int n = keyCount(f, segment);
            if (bias.isEmpty()) {
                f.kernels
                        .attention()
                        .attend(
                                some,
                                f.memory(q),
                                qAt,
                                q.width,
                                k,
                                kAt,
                                v,
                                vAt,
                                shape.valueSize(),
                                n,
                                position,
                                count,
                                f.memory(out),
                                oAt,
                                out.width,
                                f.scratch[worker],
                                0);
            } else {
                RelativeStep.Line line = f.lines.get(bias.get());
                int of = g * shape.heads() + head;
                if (line == null) {
                    Tensor b = java.util.Objects.requireNonNull(f.loose.get(bias.get()))[segment];
                    long perHead = b.dim(1) * b.dim(2);
                    MemorySegment data = b.data();
                    biased(
                            f,
                            some,
                            segment,
                            g,
                            qAt,
                            oAt,
                            position,
                            count,
                            worker,
                            data,
                            of * perHead + within * b.dim(2),
                            perHead,
                            b.dim(2));
                } else {
                    biased(
                            f,
                            some,
                            segment,
                            g,
                            qAt,
                            oAt,
                            position,
                            count,
                            worker,
                            line.data(),
                            line.at(of, position),
                            line.perHead(),
                            -1);
                }
            }
        }

        private void biased(
                Frame f,
                AttentionShape some,
                int segment,
                int g,
                long qAt,
                long oAt,
                int position,
                int count,
                int worker,
                MemorySegment data,
                long at,
                long headStride,
                long rowStride) {
            SequenceState s = f.batch.states[segment];
            f.kernels
                    .attention()
                    .attendBiased(
                            some,
                            f.memory(q),
                            qAt,
                            q.width,
                            s.memory(keys),
                            s.headAt(keys, g),
                            s.memory(values),
                            s.headAt(values, g),
                            shape.valueSize(),
                            keyCount(f, segment),
                            position,
                            count,
                            f.memory(out),
                            oAt,
                            out.width,
                            f.scratch[worker],
                            0,
                            data,
                            at,
                            headStride,
                            rowStride);
        }
    }

    /** Makes results of what the chunks of {@link Attend} left, where they were ranges of keys. */
    static final class Merge extends Step {
        private final Attend attend;

        Merge(Attend attend) {
            this.attend = attend;
        }

        @Override
        int chunks(Frame f) {
            return attend.ranges(f) > 1 ? f.rows : 0;
        }

        @Override
        void run(Frame f, int chunk, int worker) {
            attend.merge(f, chunk);
        }
    }
}
