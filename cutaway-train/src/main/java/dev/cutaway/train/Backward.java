package dev.cutaway.train;

import dev.cutaway.graph.Gradients;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Loss and gradients of a batch by the definition: the opened graph, evaluated sequence by sequence in order, what they give added up. No
 * plan and no fused kernel; the reference that planned training is to be held to.
 */
public final class Backward implements Differentiation {
    private final Objective objective;
    private final Graph opened;
    private final Gradients gradients;
    private final Trained weights;
    private final Map<Parameter, Value> wanted = new LinkedHashMap<>();

    public Backward(Objective objective, Trained weights) {
        this.objective = objective;
        this.gradients = objective.gradients();
        this.opened = gradients.graph().opened();
        this.weights = weights;
        gradients
                .ofParameters()
                .forEach((p, d) ->
                        wanted.put((Parameter) p.node().op(), gradients.graph().inOpened(d)));
    }

    @Override
    public Objective objective() {
        return objective;
    }

    @Override
    public Measured measure(List<Example> piece, int[] counted) {
        Value total = gradients.graph().inOpened(gradients.loss());
        Map<Objective.Part, Value> logits = new LinkedHashMap<>();
        for (Objective.Part p : objective.parts()) {
            if (p.kind() == Objective.Kind.CLASSES) {
                logits.put(p, gradients.graph().inOpened(gradients.graph().require(p.logits())));
            }
        }
        List<Value> all = new ArrayList<>(logits.values());
        all.add(total);
        double loss = 0;
        Map<String, Integer> right = new LinkedHashMap<>();
        for (Example e : piece) {
            Map<Value, Tensor> out = evaluator(e, counted).evaluate(all);
            loss += of(out, total).get(0);
            logits.forEach((p, v) -> right.merge(
                    p.labels(),
                    right(of(out, v), Objects.requireNonNull(e.labels().get(p.labels()))),
                    Integer::sum));
        }
        return new Measured(loss, right);
    }

    private static int right(Tensor logits, int[] labels) {
        int classes = (int) logits.dim(-1);
        int n = 0;
        for (int r = 0; r < labels.length; r++) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                best = logits.get((long) r * classes + c) > logits.get((long) r * classes + best) ? c : best;
            }
            n += best == labels[r] ? 1 : 0;
        }
        return n;
    }

    @Override
    public Result of(List<Example> batch, int pieces) {
        int[] counted = counted(objective, batch);
        Map<Parameter, float[]> sums = new LinkedHashMap<>();
        double loss = 0;
        Value total = gradients.graph().inOpened(gradients.loss());
        List<Value> all = new ArrayList<>(wanted.values());
        all.add(total);
        for (Example e : batch) {
            Map<Value, Tensor> out = evaluator(e, counted).evaluate(all);
            loss += of(out, total).get(0);
            wanted.forEach((p, d) -> add(sums, p, of(out, d).toFloats()));
        }
        Map<Parameter, Tensor> result = new LinkedHashMap<>();
        sums.forEach((p, x) -> result.put(p, Tensor.of(x, weights.weight(p).shape())));
        return new Result(loss, result, Arrays.stream(counted).sum());
    }

    /** Rows that count, for each part of an objective. */
    public static int[] counted(Objective objective, List<Example> batch) {
        int[] n = rows(objective, batch);
        for (int i = 0; i < n.length; i++) {
            if (n[i] == 0) {
                String labels = objective.parts().get(i).labels();
                throw new IllegalArgumentException("no row of the batch has " + labels + " that count");
            }
        }
        return n;
    }

    /** As {@link #counted}, of a piece of a batch, which may have none. */
    static int[] rows(Objective objective, List<Example> piece) {
        return objective.parts().stream()
                .mapToInt(p ->
                        piece.stream().mapToInt(e -> objective.counted(p, e)).sum())
                .toArray();
    }

    /** Whether {@link #look} knows a name. */
    public boolean has(String name) {
        return opened.names().containsKey(name);
    }

    /**
     * Any values of the opened graph for one sequence, gradients among them, by name.
     *
     * @param counted rows of the whole batch that count, for each part of the objective
     */
    public Map<String, Tensor> look(Example e, int[] counted, List<String> names) {
        Map<String, Value> values = new LinkedHashMap<>();
        names.forEach(n -> values.put(n, opened.require(n)));
        Map<Value, Tensor> out = evaluator(e, counted).evaluate(values.values());
        Map<String, Tensor> named = new LinkedHashMap<>();
        values.forEach((n, v) -> named.put(n, of(out, v)));
        return named;
    }

    private static Tensor of(Map<Value, Tensor> out, Value v) {
        return Objects.requireNonNull(out.get(v));
    }

    private static void add(Map<Parameter, float[]> sums, Parameter p, float[] x) {
        float[] s = sums.get(p);
        if (s == null) {
            sums.put(p, x);
            return;
        }
        for (int i = 0; i < s.length; i++) {
            s[i] += x[i];
        }
    }

    private Evaluator evaluator(Example e, int[] counted) {
        Map<String, Tensor> in = new LinkedHashMap<>(e.inputs());
        for (int i = 0; i < counted.length; i++) {
            in.putAll(objective.inputs(objective.parts().get(i), e, counted[i]));
        }
        Dropouts.complete(in);
        return new Evaluator(opened, e.binding(), new Inputs(in, weights), Map.of());
    }

    private record Inputs(Map<String, Tensor> in, Trained weights) implements Given {
        @Override
        public Optional<Tensor> value(Value v) {
            return switch (v.node().op()) {
                case Input i -> Optional.ofNullable(in.get(i.input()));
                case Parameter p -> Optional.of(weights.weight(p));
                default -> Optional.empty();
            };
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return new Place(p.source().name(), index, "being trained");
        }
    }
}
