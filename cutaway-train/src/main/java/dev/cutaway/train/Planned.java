package dev.cutaway.train;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.learn.LearningPlan;
import dev.cutaway.graph.learn.Segment;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Loss and gradients by a plan: all rows of a batch at once, by kernels. Held to {@link Backward}. Not for two threads at once. */
public final class Planned implements Differentiation, AutoCloseable {
    private final Objective objective;
    private final Objective read;
    private final LearningPlan.Runner runner;
    private final Trained weights;
    private final Pool pool;
    private final boolean back;
    private @Nullable Planned measuring;

    /**
     * @param pool who computes
     * @param recompute whether blocks are computed again for the way back: less memory, a third more time
     */
    @SuppressWarnings("exports") // the pool is for the modules of the engine only
    public Planned(Objective objective, Trained weights, Pool pool, boolean recompute) {
        this(objective, weights, pool, true, recompute);
    }

    private Planned(Objective objective, Trained weights, Pool pool, boolean back, boolean recompute) {
        this.objective = objective;
        this.weights = weights;
        this.pool = pool;
        this.back = back;
        this.read = objective.withoutUnreadRows();
        List<LearningPlan.Term> terms = read.parts().stream()
                .filter(p -> p.kind() == Objective.Kind.CLASSES)
                .map(p -> new LearningPlan.Term(
                        read.gradients().graph().require(p.logits()), p.labels(), p.weights(), p.smoothing()))
                .toList();
        List<Value> others = read.parts().stream()
                .filter(p -> p.kind() != Objective.Kind.CLASSES)
                .map(p -> read.gradients().graph().require(p.term()))
                .toList();
        LearningPlan plan = new LearningPlan(read.gradients(), terms, others, back, recompute);
        this.runner = plan.new Runner(pool, Kernels.get(), weights::weight);
    }

    /** The loss only: for data that is held out. */
    @SuppressWarnings("exports")
    public static Planned lossOnly(Objective objective, Trained weights, Pool pool) {
        return new Planned(objective, weights, pool, false, false);
    }

    @Override
    public Objective objective() {
        return objective;
    }

    @Override
    public Measured measure(List<Example> piece, int[] counted) {
        if (measuring == null) {
            measuring = back ? lossOnly(objective, weights, pool) : this;
        }
        double loss = measuring.runner.run(List.of(segments(piece, counted)));
        return new Measured(loss, new LinkedHashMap<>(measuring.runner.right()));
    }

    @Override
    public Result of(List<Example> batch, int pieces) {
        int[] counted = Backward.counted(objective, batch);
        int size = Math.ceilDiv(batch.size(), Math.max(1, pieces));
        List<List<Segment>> parts = new ArrayList<>();
        for (int from = 0; from < batch.size(); from += size) {
            parts.add(segments(batch.subList(from, Math.min(batch.size(), from + size)), counted));
        }
        double loss = runner.run(parts);
        return new Result(
                loss,
                new LinkedHashMap<>(runner.gradients()),
                Arrays.stream(counted).sum());
    }

    private List<Segment> segments(List<Example> examples, int[] counted) {
        return examples.stream().map(e -> segment(e, counted)).toList();
    }

    private Segment segment(Example e, int[] counted) {
        Map<String, Tensor> in = new LinkedHashMap<>(e.inputs());
        for (int i = 0; i < counted.length; i++) {
            in.putAll(read.inputs(read.parts().get(i), e, counted[i]));
        }
        Dropouts.complete(in);
        return new Segment(in, binding(e));
    }

    private Binding binding(Example e) {
        Map<Space, Integer> sizes = new HashMap<>(e.binding().sizes());
        read.parts().stream().filter(read::picks).forEach(p -> sizes.put(Space.COUNTED, e.counted(p.labels())));
        return new Binding(sizes);
    }

    /** Floats that each row of a batch takes. */
    public long rowFloats() {
        return runner.rowFloats();
    }

    /** Bytes of working memory, gradients apart. */
    public long bytes() {
        return runner.bytes();
    }

    @Override
    public void close() {
        if (measuring != null && measuring != this) {
            measuring.close();
        }
        runner.close();
    }
}
