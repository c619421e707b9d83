package dev.cutaway.graph.learn;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.Gradients;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * Loss and gradients compiled for running: one list of steps over all rows of a batch, forward and back, over memory that is shared by values
 * whose lives do not overlap. Immutable once made; each user has a {@link Runner} of its own.
 *
 * <p>The result is that of the graph's definition up to the rounding of sums, and the same, bit for bit, whatever the number of threads.
 */
@SuppressWarnings("exports") // kernels are for the modules of the engine only
public final class LearningPlan {
    private final List<Object> steps;
    private final List<Step> before;
    private final List<Step> after;
    private final Map<Place.Kind, Integer> widths;
    private final Map<Value, Value> sums;
    private final Map<Parameter, Value> gradients = new LinkedHashMap<>();
    private final List<Value> others;

    /**
     * One term of the loss: cross-entropy of logits.
     *
     * @param logits a value {@code [row, class]} of the graph
     * @param labels the input that holds each row's label
     * @param weights the input that says how much each row counts
     * @param smoothing label smoothing
     */
    public record Term(Value logits, String labels, String weights, double smoothing) {}

    /**
     * Compiles.
     *
     * @param g the graph with its gradients
     * @param terms cross-entropies that the loss is the sum of
     * @param more terms of any other kind, {@code [1]}, which run as they are written
     * @param back whether gradients are wanted, or the loss only
     * @param recompute whether what a block computes is computed again for the way back, which takes a third more time and keeps only what
     *     enters the blocks
     */
    public LearningPlan(Gradients g, List<Term> terms, List<Value> more, boolean back, boolean recompute) {
        Graph.Opened opened = open(g, recompute && back);
        Map<Value, Value> to = opened.places();
        if (back) {
            g.ofParameters()
                    .forEach((p, d) -> gradients.put((Parameter) p.node().op(), Objects.requireNonNull(to.get(d))));
        }
        List<Lowering.LossSpec> losses = new ArrayList<>();
        for (Term t : terms) {
            losses.add(loss(opened.graph(), Objects.requireNonNull(to.get(t.logits)), t, back));
        }
        others = more.stream().map(v -> Objects.requireNonNull(to.get(v))).toList();
        List<Value> wanted = new ArrayList<>(gradients.values());
        wanted.addAll(others);
        Lowering l = new Lowering(opened.graph(), wanted, losses);
        steps = l.steps;
        before = l.before;
        after = l.after;
        widths = l.assign();
        sums = l.sums;
    }

    private static Graph.Opened open(Gradients g, boolean recompute) {
        Graph.Opened opened = g.graph().openedUnless(Fits::closed);
        if (!recompute) {
            return opened;
        }
        Value loss = Objects.requireNonNull(opened.places().get(g.loss()));
        int last = opened.graph().blockInputs().size() - 1; // the last block's values are needed at once
        Graph.Opened again = opened.graph().recomputing(loss.node(), b -> b >= 0 && b < last);
        Map<Value, Value> places = new HashMap<>();
        opened.places()
                .forEach((from, to) ->
                        places.put(from, Objects.requireNonNull(again.places().get(to))));
        return new Graph.Opened(again.graph(), places);
    }

    private static Lowering.LossSpec loss(Graph g, Value logits, Term t, boolean back) {
        List<Node> readers =
                g.nodes().stream().filter(n -> n.in().contains(logits)).toList();
        Node loss = find(readers, n -> n.op() instanceof CrossEntropy && labels(n, t))
                .orElseThrow();
        Optional<Node> gradient = back
                ? find(
                        readers,
                        n -> n.op() instanceof GradOf(var of, int k) && of instanceof CrossEntropy && labels(n, t))
                : Optional.empty();
        Node from = logits.node();
        boolean product = from.op() instanceof Linear || from.op() instanceof HeadsOut;
        Optional<Node> productBack = gradient.flatMap(d -> find(
                g.nodes(),
                n -> n.op() instanceof GradOf(var of, int k)
                        && of.equals(from.op())
                        && n.in().getLast().equals(d.value(0))));
        // Logits that somebody else reads must be there; so must those whose gradient goes elsewhere, too.
        boolean alone = readers.size() == (gradient.isPresent() ? 2 : 1) && (!back || productBack.isPresent());
        boolean fused = product && (alone || !back && readers.stream().noneMatch(n -> n.op() instanceof Linear));
        return new Lowering.LossSpec(
                loss,
                gradient,
                fused ? Optional.of(from) : Optional.empty(),
                fused ? productBack : Optional.empty(),
                t.labels,
                t.weights,
                t.smoothing);
    }

    private static boolean labels(Node n, Term t) {
        return n.in().get(1).node().op() instanceof dev.cutaway.graph.op.Input i
                && i.input().equals(t.labels);
    }

    private static Optional<Node> find(List<Node> nodes, java.util.function.Predicate<Node> p) {
        return nodes.stream().filter(p).findFirst();
    }

    /** Runs the plan with memory of its own. Not for two threads at once. */
    public final class Runner implements AutoCloseable {
        private final Pool pool;
        private final Work work;
        private final List<Object> mine = new ArrayList<>();
        private final Map<Parameter, Tensor> result = new LinkedHashMap<>();
        private final List<Tensor> memory = new ArrayList<>();
        private final List<Tensor> measured = new ArrayList<>();
        private final Map<String, Integer> right = new LinkedHashMap<>();

        /**
         * @param pool who runs the chunks
         * @param weights the numbers as they are when a batch is run
         */
        public Runner(Pool pool, Kernels kernels, Function<Parameter, Tensor> weights) {
            this.pool = pool;
            steps.forEach(s -> mine.add(s instanceof LossSteps l ? l.copy() : s));
            Map<Value, Tensor> tensors = new HashMap<>();
            for (Value v : sums.keySet()) {
                Value root = root(v);
                Tensor t = tensors.computeIfAbsent(root, r -> {
                    Tensor made = Tensor.zeros(shape(r));
                    memory.add(made);
                    return made;
                });
                tensors.put(v, t);
            }
            this.work = new Work(kernels, pool.threads(), weights, widths, tensors);
            others.forEach(v -> measured.add(Objects.requireNonNull(tensors.get(v))));
            gradients.forEach((p, v) ->
                    result.put(p, Objects.requireNonNull(tensors.get(v)).reshape(shape(v))));
        }

        private Value root(Value v) {
            Value s = Objects.requireNonNull(sums.get(v));
            return s.equals(v) ? v : root(s);
        }

        private static long[] shape(Value v) {
            return v.type().dims().stream()
                    .mapToLong(d -> ((Dim.Size) d).value())
                    .toArray();
        }

        /** Loss and gradients of a batch given in one or several parts, whose gradients are added. */
        public double run(List<List<Segment>> parts) {
            for (Tensor t : memory) {
                t.data().fill((byte) 0);
            }
            double loss = 0;
            right.clear();
            for (int i = 0; i < parts.size(); i++) {
                work.bind(parts.get(i));
                if (i == 0) {
                    execute(before);
                }
                List<Step> all = new ArrayList<>();
                for (Object s : mine) {
                    switch (s) {
                        case LossSteps l -> all.addAll(l.steps(work));
                        case Unrolled u -> all.addAll(u.steps(work));
                        default -> all.add((Step) s);
                    }
                }
                execute(all);
                for (Object s : mine) {
                    if (s instanceof LossSteps l) {
                        loss += l.loss();
                        right.merge(l.labels(), l.right(), Integer::sum);
                    }
                }
            }
            execute(after);
            for (Tensor t : measured) {
                loss += t.get(0);
            }
            return loss;
        }

        private void execute(List<Step> list) {
            long scratch = 0;
            for (Step s : list) {
                scratch = Math.max(scratch, s.scratch(work));
            }
            work.needScratch(work.own() + scratch + 64);
            pool.run(new Program(list, work));
        }

        /** How many labels were the likeliest classes in the last run, by the input that holds them; of a plan without gradients. */
        public Map<String, Integer> right() {
            return right;
        }

        /** The gradients of the last run, by parameter. */
        public Map<Parameter, Tensor> gradients() {
            return result;
        }

        /** Floats that a row of a batch takes, of each row space together. */
        public long rowFloats() {
            return widths.values().stream().mapToLong(w -> w).sum();
        }

        /** Bytes of working memory, gradients apart. */
        public long bytes() {
            return work.bytes();
        }

        @Override
        public void close() {
            work.close();
        }
    }

    private record Program(List<Step> list, Work work) implements Pool.Program {
        @Override
        public int steps() {
            return list.size();
        }

        @Override
        public int chunks(int step) {
            return list.get(step).chunks(work);
        }

        @Override
        public void execute(int step, int chunk, int worker) {
            list.get(step).run(work, chunk, worker);
        }
    }
}
