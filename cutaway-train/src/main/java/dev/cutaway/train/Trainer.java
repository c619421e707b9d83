package dev.cutaway.train;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** Training steps: gradients of a batch, clipped, and the optimiser's update of all weights. Nothing in it is random. */
public final class Trainer {
    /** Weight decay for all weights but those of one dimension. */
    public static final Predicate<Parameter> MATRICES = p -> p.dims().size() > 1;

    private final Differentiation differentiation;
    private final Trained weights;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final double rate;
    private final double clip;
    private final Predicate<Parameter> decays;
    private final Map<Parameter, List<Tensor>> states = new HashMap<>();
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
        this.differentiation = differentiation;
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
        Differentiation.Result r = differentiation.of(batch);
        double norm = norm(r.gradients().values());
        long s = step + 1;
        if (!Double.isFinite(r.loss()) || !Double.isFinite(norm)) {
            throw new BadInputException("step " + s + ": loss " + r.loss() + ", gradient norm " + norm
                    + "; lower the learning rate, clip the gradient, or look at the data of this step");
        }
        step = s;
        double lr = rate * schedule.multiplier(s);
        // As PyTorch's clip_grad_norm_, its small constant included.
        float by = clip > 0 ? (float) Math.min(1, clip / (norm + 1e-6)) : 1;
        r.gradients()
                .forEach((p, g) -> optimizer.update(
                        weights.weight(p), g, by, state(p), 0, Math.toIntExact(g.size()), s, lr, decays.test(p)));
        return new Step(s, r.loss(), norm, lr, r.counted());
    }

    private static double norm(Collection<Tensor> gradients) {
        double sum = 0;
        for (Tensor g : gradients) {
            for (long i = 0; i < g.size(); i++) {
                double x = g.get(i);
                sum += x * x;
            }
        }
        return Math.sqrt(sum);
    }

    private List<Tensor> state(Parameter p) {
        return Objects.requireNonNull(states.computeIfAbsent(
                p,
                k -> IntStream.range(0, optimizer.states())
                        .mapToObj(i -> Tensor.zeros(weights.weight(p).shape()))
                        .toList()));
    }
}
