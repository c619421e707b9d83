package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.BadInputException;
import java.util.List;
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

    /**
     * One step.
     *
     * @throws BadInputException if loss or gradient are not finite; the weights are then those of the step before
     */
    public Step step(List<Example> batch) {
        Differentiation.Result r = differentiation.of(batch);
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
        update.apply(r.gradients(), by, s, lr);
        return new Step(s, r.loss(), norm, lr, r.counted());
    }
}
