package dev.cutaway.graph.learn;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.DenseKernels.View;
import dev.cutaway.tensor.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Long short-term memory of all sequences of a batch, forward and back, time by time: a product with the recurrent weight, then the cells.
 * In between rows lie in {@link TimeOrder}. What the way back needs is kept so; the gradient of the recurrent weight is one product over
 * all rows.
 */
final class LstmSteps {
    /** Rows of a chunk of cells. */
    private static final int ROWS = 8;

    private LstmSteps() {}

    /**
     * What one pass leaves, in time's order.
     *
     * @param gates the four gates after their functions, {@code [row, 4 width]}
     * @param cells memory cells
     * @param states states
     */
    record Kept(Place gates, Place cells, Place states, Parameter weight, boolean backwards) {
        int width() {
            return states.width;
        }

        TimeOrder order(Work w) {
            return TimeOrder.of(w.starts(states.kind), backwards);
        }
    }

    /** Forward: from what the rows say to the gates, in their own order, to what is kept. */
    record Forward(Place x, Kept kept) implements Unrolled {
        @Override
        public List<Step> steps(Work w) {
            TimeOrder o = kept.order(w);
            List<Step> all = new ArrayList<>();
            all.add(new Products.Widen(kept.weight));
            all.add(new Move(o, x, kept.gates, true));
            for (int t = 0; t < o.times(); t++) {
                if (t > 0) {
                    all.add(new Recurrent(kept, o, t));
                }
                all.add(new Cells(kept, o, t));
            }
            return all;
        }
    }

    /** States, or cells, back in the rows' own order. */
    record Unpack(Kept kept, Place from, Place to) implements Unrolled {
        @Override
        public List<Step> steps(Work w) {
            return List.of(new Move(kept.order(w), to, from, false));
        }
    }

    /**
     * Back. Gates become the gradients of what entered them.
     *
     * @param dy gradients of the states
     * @param dCell gradients of the cells, if somebody read them
     * @param dStates room in time's order
     * @param dCells likewise
     * @param before room for the states that the rows saw, if the weight is trained
     * @param dx gradients of what the rows say to the gates
     */
    record Backward(
            Kept kept,
            Place dy,
            Optional<Place> dCell,
            Place dStates,
            Place dCells,
            Optional<Place> before,
            Optional<Value> weightSum,
            Optional<Place> dx)
            implements Unrolled {
        @Override
        public List<Step> steps(Work w) {
            TimeOrder o = kept.order(w);
            List<Step> all = new ArrayList<>();
            all.add(new Products.Widen(kept.weight));
            all.add(new Move(o, dy, dStates, true));
            all.add(dCell.<Step>map(d -> new Move(o, d, dCells, true)).orElseGet(() -> new RowSteps.Fill(0, dCells)));
            for (int t = o.times() - 1; t >= 0; t--) {
                all.add(new CellsBack(kept, o, t, dStates, dCells));
                if (t > 0) {
                    all.add(new RecurrentBack(kept, o, t, dStates));
                }
            }
            before.ifPresent(b -> {
                all.add(new Before(kept, o, b));
                all.add(new Products.WeightGradient(b, kept.gates, weightSum.orElseThrow()));
            });
            dx.ifPresent(d -> all.add(new Move(o, d, kept.gates, false)));
            return all;
        }
    }

    /** Copies rows into time's order or out of it. */
    private static final class Move extends Step {
        private static final int EACH = 64;
        private final TimeOrder order;
        private final Place own;
        private final Place timed;
        private final boolean in;

        /** @param in whether from the rows' own order into time's */
        Move(TimeOrder order, Place own, Place timed, boolean in) {
            this.order = order;
            this.own = own;
            this.timed = timed;
            this.in = in;
        }

        @Override
        int chunks(Work w) {
            return parts(order.rows().length, EACH);
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int to = Math.min(order.rows().length, (chunk + 1) * EACH);
            for (int i = chunk * EACH; i < to; i++) {
                long there = 4 * w.at(own, order.rows()[i]);
                long here = 4 * w.at(timed, i);
                MemorySegment.copy(
                        w.memory(in ? own : timed),
                        in ? there : here,
                        w.memory(in ? timed : own),
                        in ? here : there,
                        4L * own.width);
            }
        }
    }

    /** What the states of the time before say to the gates, added. */
    private static final class Recurrent extends Step {
        private final Kept k;
        private final TimeOrder o;
        private final int time;

        Recurrent(Kept k, TimeOrder o, int time) {
            this.k = k;
            this.o = o;
            this.time = time;
        }

        private Products.Cut cut() {
            return Products.Cut.of(o.count(time), 4 * k.width(), k.width());
        }

        @Override
        int chunks(Work w) {
            return cut().chunks(o.count(time));
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Products.Cut c = cut();
            int width = k.width();
            int row = c.row(chunk);
            int column = c.column(chunk);
            w.kernels
                    .dense()
                    .multiply(
                            Math.min(c.rows(), o.count(time) - row),
                            Math.min(c.columns(), 4 * width - column),
                            width,
                            View.rows(w.memory(k.states), w.at(k.states, o.starts()[time - 1] + row), width),
                            View.rows(w.weight(k.weight), (long) column * width, width)
                                    .transposed(),
                            View.rows(w.memory(k.gates), w.at(k.gates, o.starts()[time] + row) + column, 4L * width),
                            true,
                            w.scratch(worker),
                            0);
        }
    }

    /** The cells of one time: gates through their functions, new cells, new states. */
    private static final class Cells extends Step {
        private final Kept k;
        private final TimeOrder o;
        private final int time;

        Cells(Kept k, TimeOrder o, int time) {
            this.k = k;
            this.o = o;
            this.time = time;
        }

        @Override
        int chunks(Work w) {
            return parts(o.count(time), ROWS);
        }

        @Override
        long scratch(Work w) {
            return k.width();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int to = Math.min(o.count(time), (chunk + 1) * ROWS);
            for (int i = chunk * ROWS; i < to; i++) {
                row(w, i, worker);
            }
        }

        private void row(Work w, int i, int worker) {
            RowKernels r = w.kernels.rows();
            int n = k.width();
            MemorySegment g = w.memory(k.gates);
            MemorySegment room = w.scratch(worker);
            long at = w.at(k.gates, o.starts()[time] + i);
            long cell = w.at(k.cells, o.starts()[time] + i);
            long state = w.at(k.states, o.starts()[time] + i);
            r.activate(Activation.SIGMOID, g, at, g, at, 2L * n);
            r.activate(Activation.TANH, g, at + 2L * n, g, at + 2L * n, n);
            r.activate(Activation.SIGMOID, g, at + 3L * n, g, at + 3L * n, n);
            r.multiply(g, at, g, at + 2L * n, g, cell, n);
            if (time > 0) {
                r.multiply(g, at + n, g, w.at(k.cells, o.starts()[time - 1] + i), room, w.own(), n);
                r.add(g, cell, room, w.own(), g, cell, n);
            }
            r.activate(Activation.TANH, g, cell, g, state, n);
            r.multiply(g, state, g, at + 3L * n, g, state, n);
        }
    }

    /** Back through the cells of one time: gates become gradients of what entered them, and the cells of the time before get theirs. */
    private static final class CellsBack extends Step {
        private final Kept k;
        private final TimeOrder o;
        private final int time;
        private final Place dStates;
        private final Place dCells;

        CellsBack(Kept k, TimeOrder o, int time, Place dStates, Place dCells) {
            this.k = k;
            this.o = o;
            this.time = time;
            this.dStates = dStates;
            this.dCells = dCells;
        }

        @Override
        int chunks(Work w) {
            return parts(o.count(time), ROWS);
        }

        @Override
        long scratch(Work w) {
            return k.width();
        }

        @Override
        void run(Work w, int chunk, int worker) {
            int n = k.width();
            float[] gates = new float[4 * n];
            float[] tanh = new float[n];
            float[] old = new float[n]; // the cell before; zeros at the first time
            float[] dState = new float[n];
            float[] dCell = new float[n];
            int to = Math.min(o.count(time), (chunk + 1) * ROWS);
            for (int i = chunk * ROWS; i < to; i++) {
                int row = o.starts()[time] + i;
                MemorySegment room = w.scratch(worker);
                w.kernels.rows().activate(Activation.TANH, w.memory(k.cells), w.at(k.cells, row), room, w.own(), n);
                MemorySegment.copy(room, ValueLayout.JAVA_FLOAT, 4 * w.own(), tanh, 0, n);
                read(w, k.gates, row, gates);
                read(w, dStates, row, dState);
                read(w, dCells, row, dCell);
                if (time > 0) {
                    read(w, k.cells, o.starts()[time - 1] + i, old);
                }
                back(gates, tanh, old, dState, dCell);
                write(w, k.gates, row, gates);
                if (time > 0) {
                    int before = o.starts()[time - 1] + i;
                    read(w, dCells, before, dState);
                    for (int j = 0; j < n; j++) {
                        dState[j] += dCell[j];
                    }
                    write(w, dCells, before, dState);
                }
            }
        }

        private static void read(Work w, Place p, int row, float[] to) {
            MemorySegment.copy(w.memory(p), ValueLayout.JAVA_FLOAT, 4 * w.at(p, row), to, 0, to.length);
        }

        private static void write(Work w, Place p, int row, float[] from) {
            MemorySegment.copy(from, 0, w.memory(p), ValueLayout.JAVA_FLOAT, 4 * w.at(p, row), from.length);
        }

        /** One row; afterwards {@code dCell} is the gradient of the cell before. A loop of its own, so that the compiler makes vectors of it. */
        private static void back(float[] gates, float[] tanh, float[] old, float[] dState, float[] dCell) {
            int n = tanh.length;
            for (int j = 0; j < n; j++) {
                float in = gates[j];
                float forget = gates[n + j];
                float candidate = gates[2 * n + j];
                float out = gates[3 * n + j];
                float dOut = dState[j] * tanh[j];
                float d = dCell[j] + dState[j] * out * (1 - tanh[j] * tanh[j]);
                gates[j] = d * candidate * in * (1 - in);
                gates[n + j] = d * old[j] * forget * (1 - forget);
                gates[2 * n + j] = d * in * (1 - candidate * candidate);
                gates[3 * n + j] = dOut * out * (1 - out);
                dCell[j] = d * forget;
            }
        }
    }

    /** What the states of the time before get from the gates, added. */
    private static final class RecurrentBack extends Step {
        private final Kept k;
        private final TimeOrder o;
        private final int time;
        private final Place dStates;

        RecurrentBack(Kept k, TimeOrder o, int time, Place dStates) {
            this.k = k;
            this.o = o;
            this.time = time;
            this.dStates = dStates;
        }

        private Products.Cut cut() {
            return Products.Cut.of(o.count(time), k.width(), 4 * k.width());
        }

        @Override
        int chunks(Work w) {
            return cut().chunks(o.count(time));
        }

        @Override
        void run(Work w, int chunk, int worker) {
            Products.Cut c = cut();
            int width = k.width();
            int row = c.row(chunk);
            int column = c.column(chunk);
            w.kernels
                    .dense()
                    .multiply(
                            Math.min(c.rows(), o.count(time) - row),
                            Math.min(c.columns(), width - column),
                            4 * width,
                            View.rows(w.memory(k.gates), w.at(k.gates, o.starts()[time] + row), 4L * width),
                            View.rows(w.weight(k.weight), column, width),
                            View.rows(w.memory(dStates), w.at(dStates, o.starts()[time - 1] + row) + column, width),
                            true,
                            w.scratch(worker),
                            0);
        }
    }

    /** The states that the rows saw: those of the time before, zeros at the first. */
    private static final class Before extends Step {
        private final Kept k;
        private final TimeOrder o;
        private final Place to;

        Before(Kept k, TimeOrder o, Place to) {
            this.k = k;
            this.o = o;
            this.to = to;
        }

        @Override
        int chunks(Work w) {
            return o.times();
        }

        @Override
        void run(Work w, int time, int worker) {
            long at = 4 * w.at(to, o.starts()[time]);
            long bytes = 4L * o.count(time) * to.width;
            if (time == 0) {
                w.memory(to).asSlice(at, bytes).fill((byte) 0);
            } else {
                long from = 4 * w.at(k.states, o.starts()[time - 1]);
                MemorySegment.copy(w.memory(k.states), from, w.memory(to), at, bytes);
            }
        }
    }
}
