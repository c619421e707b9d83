package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Training steps: gradients of a batch, clipped, and the optimiser's update of all weights. Nothing in it is random. */
public final class Trainer {
    /** Weight decay for all weights but those of one dimension. */
    public static final Predicate<Parameter> MATRICES = p -> p.dims().size() > 1;

    private final Differentiation differentiation;
    private final Update update;
    private final Schedule schedule;
    private final double rate;
    private final double clip;
    private long step;

    /**
     * What one step did.
     *
     * @param step counted from 1
     * @param loss before the update
     * @param gradientNorm of all gradients together, before clipping
     * @param rate the learning rate
     * @param counted rows whose labels counted
     */
    public record Step(long step, double loss, double gradientNorm, double rate, int counted) {}

    /**
     * Lengths of what belongs to one weight in one step.
     *
     * @param gradient before clipping
     * @param weight after the update
     * @param update what was added to it
     */
    public record Norms(double gradient, double weight, double update) {}

    /**
     * On one thread.
     *
     * @param rate the learning rate that the schedule multiplies
     * @param clip the norm to which longer gradients are shortened; 0: never
     * @param decays to which weights weight decay applies ({@link #MATRICES} if nothing else is said)
     */
    public Trainer(
            Differentiation differentiation,
            Trained weights,
            Optimizer optimizer,
            Schedule schedule,
            double rate,
            double clip,
            Predicate<Parameter> decays) {
        this(differentiation, new Update(weights, optimizer, decays, new Pool(1)), schedule, rate, clip);
    }

    /**
     * @param update the optimiser at work on the weights
     * @param rate the learning rate that the schedule multiplies
     * @param clip the norm to which longer gradients are shortened; 0: never
     */
    public Trainer(Differentiation differentiation, Update update, Schedule schedule, double rate, double clip) {
        this.differentiation = differentiation;
        this.update = update;
        this.schedule = schedule;
        this.rate = rate;
        this.clip = clip;
    }

    /** Steps that were done. */
    public long steps() {
        return step;
    }

    /**
     * One step.
     *
     * @throws BadInputException if loss or gradient are not finite; the weights are then those of the step before
     */
    public Step step(List<Example> batch) {
        return step(batch, 1, Optional.empty());
    }

    /**
     * One step, whose gradients are computed piece by piece so that they need less memory.
     *
     * @param pieces into how many pieces the batch is cut
     * @param norms where each weight's lengths are put; empty if nobody asks
     * @throws BadInputException if loss or gradient are not finite; the weights are then those of the step before
     */
    public Step step(List<Example> batch, int pieces, Optional<Map<Parameter, Norms>> norms) {
        Differentiation.Result r = differentiation.of(batch, pieces);
        double norm = update.norm(r.gradients().values());
        long s = step + 1;
        if (!Double.isFinite(r.loss()) || !Double.isFinite(norm)) {
            throw new BadInputException("step " + s + ": loss " + r.loss() + ", gradient norm " + norm
                    + "; lower the learning rate, clip the gradient, or look at the data of this step");
        }
        step = s;
        double lr = rate * schedule.multiplier(s);
        // As PyTorch's clip_grad_norm_, its small constant included.
        float by = clip > 0 ? (float) Math.min(1, clip / (norm + 1e-6)) : 1;
        if (norms.isPresent()) {
            r.gradients().forEach((p, g) -> norms.get().put(p, measured(p, g, by, s, lr)));
        } else {
            update.apply(r.gradients(), by, s, lr);
        }
        return new Step(s, r.loss(), norm, lr, r.counted());
    }

    /** Updates one weight by itself, so that no more than it has to be kept to know how far it went. */
    private Norms measured(Parameter p, Tensor gradient, float clipped, long step, double lr) {
        Tensor weight = update.weight(p);
        double length = update.norm(List.of(gradient));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment before = arena.allocate(weight.byteSize(), Tensor.ALIGNMENT);
            before.copyFrom(weight.data());
            update.apply(Map.of(p, gradient), clipped, step, lr);
            return new Norms(length, update.norm(List.of(weight)), distance(before, weight.data()));
        }
    }

    private static double distance(MemorySegment before, MemorySegment after) {
        double sum = 0;
        for (long i = 0; i < before.byteSize() / Float.BYTES; i++) {
            double d = after.getAtIndex(ValueLayout.JAVA_FLOAT, i) - before.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            sum += d * d;
        }
        return Math.sqrt(sum);
    }

    /** The optimiser's state, by names that tell weight and part: what a checkpoint must hold beside the weights. */
    public Map<String, Tensor> state() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        update.states().forEach((p, tensors) -> {
            for (int i = 0; i < tensors.size(); i++) {
                all.put(stateName(p, i), tensors.get(i));
            }
        });
        return all;
    }

    private static String stateName(Parameter p, int i) {
        WeightSource s = p.source();
        String part =
                s.to() < 0 ? "" : "[" + s.from() + ":" + s.to() + (s.groups() > 1 ? " of " + s.groups() : "") + "]";
        return s.name() + part + "." + i;
    }

    /**
     * Goes on after a step of an earlier run, whose weights are there already.
     *
     * @param done steps that it had done
     * @param saved what {@link #state()} gave then, by name
     * @throws BadInputException if it is of another shape
     */
    public void restore(long done, Function<String, Optional<Tensor>> saved) {
        step = done;
        for (Parameter p : update.parameters()) {
            if (saved.apply(stateName(p, 0)).isEmpty()) {
                continue; // frozen, or an optimiser without state
            }
            List<Tensor> own = update.state(p);
            for (int i = 0; i < own.size(); i++) {
                String name = stateName(p, i);
                Tensor from = saved.apply(name)
                        .filter(t -> t.size() == update.weight(p).size())
                        .orElseThrow(() -> new BadInputException("the optimiser's state of " + name
                                + " is missing or of another size; the run began with"
                                + " another model or optimiser, start again with --overwrite"));
                MemorySegment.copy(
                        from.widen().data(), 0, own.get(i).data(), 0, own.get(i).byteSize());
            }
        }
    }
}
