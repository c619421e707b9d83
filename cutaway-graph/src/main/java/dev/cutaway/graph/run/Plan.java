package dev.cutaway.graph.run;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A graph compiled for running: fused steps over kernels, one list for the rows of sequences and, in models with an encoder, one
 * for the rows of sources. Immutable once made and shared; each user has a {@link Runner} of its own.
 */
@SuppressWarnings("exports") // kernels are for the modules of the engine only
public final class Plan {
    final Graph graph;
    final PlanBuilder rows;
    final PlanBuilder source;
    final List<SequenceState.Layout> layouts = new ArrayList<>();
    final int[] bufferWidths;
    final Slot.Rows[] bufferRows;
    private final boolean[] sourceBlocks;
    private final int width;

    /**
     * Compiles a graph. Reads no weights; {@link #prepare} does.
     *
     * @param outputs names of values to be read after a run ({@code logits}, {@code pooler} ...); those the graph has not are ignored
     * @param halves whether keys and values are kept as 16-bit floats
     */
    public Plan(Graph graph, Weights weights, List<String> outputs, boolean halves) {
        this.graph = graph;
        Map<Value, Integer> states = new HashMap<>();
        Set<Value> keys = keys(graph);
        // What a recurrence goes on from is not rounded: a difference would never be forgotten.
        Set<String> carried = graph.nodes().stream()
                .filter(n -> n.op() instanceof Carried)
                .map(n -> ((Carried) n.op()).state())
                .collect(Collectors.toSet());
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Cache c) {
                states.put(n.value(0), layouts.size());
                Type t = n.out().getFirst();
                layouts.add(new SequenceState.Layout(
                        c.state(),
                        t.size(1),
                        t.size(2),
                        keys.contains(n.value(0)),
                        PlanBuilder.of(n.in().getFirst()).equals(Space.SOURCE),
                        halves && !carried.contains(c.state())));
            }
        }
        List<Integer> widths = new ArrayList<>();
        List<Slot.Rows> kinds = new ArrayList<>();
        Set<Value> kept = new HashSet<>();
        outputs.forEach(name -> graph.named(name).ifPresent(kept::add));
        source = new PlanBuilder(graph, weights, Space.SOURCE, false, layouts, states, kept);
        rows = new PlanBuilder(graph, weights, Space.ROWS, true, layouts, states, kept);
        for (PlanBuilder b : List.of(source, rows)) {
            b.lower();
            b.keep();
            b.assign(widths, kinds);
        }
        bufferWidths = widths.stream().mapToInt(i -> i).toArray();
        bufferRows = kinds.toArray(Slot.Rows[]::new);
        sourceBlocks = new boolean[graph.blockInputs().size()];
        for (int i = 0; i < sourceBlocks.length; i++) {
            sourceBlocks[i] = PlanBuilder.of(graph.blockInputs().get(i)).equals(Space.SOURCE);
        }
        width = sourceBlocks.length == 0
                ? 0
                : graph.blockInputs().getFirst().type().size(-1);
    }

    private static Set<Value> keys(Graph g) {
        Set<Value> keys = new HashSet<>();
        for (Node n : g.nodes()) {
            if (n.op() instanceof Attention) {
                keys.add(n.in().get(1));
            }
        }
        return keys;
    }

    /** Compiles a graph, with keys and values kept as 32-bit floats. */
    public Plan(Graph graph, Weights weights, List<String> outputs) {
        this(graph, weights, outputs, false);
    }

    /** Packs and widens every weight that the steps use, as many at once as the pool has threads. */
    public void prepare(Pool pool) {
        List<Step> users = new ArrayList<>(source.steps);
        users.addAll(rows.steps);
        Collections.reverse(users); // the largest one, the unembedding, is the last: begun first, nobody waits for it
        for (int from = 0; from < users.size(); from += Pool.MAX_CHUNKS) {
            pool.run(new Preparation(users.subList(from, Math.min(users.size(), from + Pool.MAX_CHUNKS))));
        }
    }

    /** One step's preparation to a chunk. */
    private record Preparation(List<Step> users) implements Pool.Program {
        @Override
        public int steps() {
            return 1;
        }

        @Override
        public int chunks(int step) {
            return users.size();
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            users.get(chunk).prepare();
        }
    }

    /** Number of steps for a row of a sequence. */
    public int steps() {
        return rows.steps.size();
    }

    /** An empty sequence. */
    public SequenceState newSequence(boolean recording) {
        return new SequenceState(layouts, sourceBlocks, width, recording);
    }

    /** Bytes that each position of a sequence keeps: keys, values and, if recorded, the residual stream. */
    public long bytesPerPosition(boolean recording) {
        long n = recording ? 4L * width * sourceBlocks.length : 0;
        for (SequenceState.Layout l : layouts) {
            n += l.source() ? 0 : (long) l.bytes() * l.heads() * l.size();
        }
        return n;
    }

    /** Runs this plan with memory of its own. Not for two threads at once. */
    public final class Runner implements AutoCloseable {
        private final Map<String, Slot> outputs = new HashMap<>();
        private final Pool pool;
        private final Frame frame;
        private final Section rowsSection;
        private final Section sourceSection;

        /** @param pool who runs the chunks */
        public Runner(Pool pool, Kernels kernels) {
            this.pool = pool;
            this.frame = new Frame(kernels, pool.threads(), bufferWidths, bufferRows);
            this.rowsSection = new Section(frame, rows.steps);
            this.sourceSection = new Section(frame, source.steps);
        }

        /** Runs the rows of a batch; their keys and values are appended to their sequences. */
        public void run(Batch b) {
            for (int i = 0; i < b.segments; i++) {
                b.states[i].reserve(b.states[i].length() + b.starts[i + 1] - b.starts[i], 0);
            }
            frame.bind(b);
            if (b.entryBlock >= 0) {
                enter(b);
            } else {
                rowsSection.run(pool, 0, rows.steps.size());
            }
            for (int i = 0; i < b.segments; i++) {
                b.states[i].advance(b.starts[i + 1] - b.starts[i]);
            }
        }

        private void enter(Batch b) {
            int first =
                    rows.blockStarts.values().stream().mapToInt(i -> i).min().orElse(0);
            rowsSection.run(pool, 0, first);
            Slot x = java.util.Objects.requireNonNull(rows.blockSlots.get(b.entryBlock));
            Tensor residual = java.util.Objects.requireNonNull(b.reals.get("residual"));
            MemorySegment.copy(residual.data(), 0, frame.memory(x), 0, residual.size() * 4);
            rowsSection.run(
                    pool, java.util.Objects.requireNonNull(rows.blockStarts.get(b.entryBlock)), rows.steps.size());
        }

        /** Runs the rows of sources (the encoder's side); what later steps need of them is kept in their sequences. */
        public void runSource(Batch b) {
            for (int i = 0; i < b.segments; i++) {
                int n = b.starts[i + 1] - b.starts[i];
                b.states[i].reserve(source.blockStarts.isEmpty() ? 0 : n, n);
                b.states[i].setSourceLength(n);
            }
            frame.bind(b);
            sourceSection.run(pool, 0, source.steps.size());
        }

        /** The rows of an output of the last run: {@code [row, width]}, only those wanted if it lies after the last block. */
        public Tensor output(String name) {
            Slot s = slot(name);
            Tensor t = Tensor.zeros(frame.rows(s), s.width);
            MemorySegment.copy(frame.memory(s), 0, t.data(), 0, t.size() * 4);
            return t;
        }

        /** The rows of an output that belong to one sequence of the last run (counted as they were added), {@code [row, width]}. */
        public Tensor output(String name, int sequence) {
            Slot s = slot(name);
            Batch b = frame.batch;
            boolean tail = s.rows == Slot.Rows.TAIL && b.wanted != Batch.Wanted.ALL;
            int from = tail ? sequence : frame.first(s, sequence);
            int rows = tail ? 1 : frame.count(s, sequence);
            Tensor t = Tensor.zeros(rows, s.width);
            MemorySegment.copy(frame.memory(s), s.at(from) * 4, t.data(), 0, t.size() * 4);
            return t;
        }

        /** Whether the graph has this output. */
        public boolean has(String name) {
            return graph.named(name)
                    .map(v -> rows.slots.containsKey(v) || source.slots.containsKey(v))
                    .orElse(false);
        }

        /** One row of an output copied to {@code to}. */
        public void output(String name, int row, float[] to) {
            Slot s = slot(name);
            MemorySegment.copy(
                    frame.memory(s), java.lang.foreign.ValueLayout.JAVA_FLOAT, s.at(row) * 4, to, 0, s.width);
        }

        private Slot slot(String name) {
            Slot known = outputs.get(name); // asked for with every token: looking it up in the graph allocates
            if (known == null) {
                known = find(name);
                outputs.put(name, known);
            }
            return known;
        }

        private Slot find(String name) {
            Value v = graph.require(name);
            Slot s = rows.slots.get(v);
            Slot found = s == null ? source.slots.get(v) : s;
            if (found == null) {
                throw new IllegalArgumentException("'" + name + "' is not an output of this plan");
            }
            return found;
        }

        /** Bytes of working memory held. */
        public long bytes() {
            return frame.bytes();
        }

        @Override
        public void close() {
            frame.close();
        }
    }

    /** A range of steps as a program for the pool. */
    private static final class Section implements Pool.Program {
        private final Frame frame;
        private final Step[] steps;
        private int from;
        private int to;

        Section(Frame frame, List<Step> steps) {
            this.frame = frame;
            this.steps = steps.toArray(Step[]::new);
        }

        void run(Pool pool, int first, int end) {
            from = first;
            to = end;
            long scratch = 0;
            long shared = 0;
            for (int i = from; i < to; i++) {
                scratch = Math.max(scratch, steps[i].scratch(frame));
                shared = Math.max(shared, steps[i].shared(frame));
            }
            frame.needScratch(scratch);
            frame.needShared(shared);
            pool.run(this);
        }

        @Override
        public int steps() {
            return to - from;
        }

        @Override
        public int chunks(int step) {
            return steps[from + step].chunks(frame);
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            steps[from + step].run(frame, chunk, worker);
        }
    }
}
