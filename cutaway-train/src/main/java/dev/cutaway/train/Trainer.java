package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.BadInputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/** Training steps: gradients of a batch, clipped, and the optimiser's update of all weights. Nothing in it is random. */
public final class Trainer {
    private final Backward backward;
    private final Trained weights;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final double rate;
    private final double clip;
    private final Predicate<Parameter> decays;
    private final Map<Parameter, float[][]> states = new HashMap<>();
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
     * @param rate the learning rate that the schedule multiplies
     * @param clip the norm to which longer gradients are shortened; 0: never
     */
    public Trainer(
            Objective objective, Trained weights, Optimizer optimizer, Schedule schedule, double rate, double clip) {
        this(objective, weights, optimizer, schedule, rate, clip, p -> p.dims().size() > 1);
    }

    /** @param decays to which weights weight decay applies; otherwise to all but those of one dimension */
    public Trainer(
            Objective objective,
            Trained weights,
            Optimizer optimizer,
            Schedule schedule,
            double rate,
            double clip,
            Predicate<Parameter> decays) {
        this.backward = new Backward(objective, weights);
        this.weights = weights;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.rate = rate;
        this.clip = clip;
        this.decays = decays;
    }

    /**
     * One step.
     *
     * @throws BadInputException if loss or gradient are not finite; the weights are then those of the step before
     */
    public Step step(List<Example> batch) {
        Backward.Result r = backward.of(batch);
        double norm = r.norm();
        long s = step + 1;
        if (!Double.isFinite(r.loss()) || !Double.isFinite(norm)) {
            throw new BadInputException("step " + s + ": loss " + r.loss() + ", gradient norm " + norm
                    + "; lower the learning rate, clip the gradient, or look at the data of this step");
        }
        step = s;
        double lr = rate * schedule.multiplier(s);
        if (clip > 0) {
            // As PyTorch's clip_grad_norm_, its small constant included.
            float by = (float) Math.min(1, clip / (norm + 1e-6));
            r.gradients().values().forEach(g -> scale(g, by));
        }
        r.gradients()
                .forEach((p, g) -> optimizer.update(
                        weights.weight(p).data(), g, state(p, g.length), 0, g.length, s, lr, decays.test(p)));
        return new Step(s, r.loss(), norm, lr, r.counted());
    }

    private static void scale(float[] g, float by) {
        if (by < 1) {
            for (int i = 0; i < g.length; i++) {
                g[i] *= by;
            }
        }
    }

    private float[][] state(Parameter p, int size) {
        return Objects.requireNonNull(states.computeIfAbsent(p, k -> new float[optimizer.states()][size]));
    }
}
