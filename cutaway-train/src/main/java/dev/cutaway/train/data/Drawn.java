package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.train.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.LongFunction;

/**
 * A source's examples in an order.
 *
 * @param source where they come from
 * @param order how many, how long is an epoch
 * @param places which of them a step takes
 */
record Drawn(Source source, Order order, LongFunction<long[]> places) implements Batches {
    Drawn(Source source, Order order) {
        this(source, order, order::of);
    }

    @Override
    public List<Example> batch(long step) {
        long[] which = places.apply(step);
        long draws = order.once() ? (step - 1) % order.steps() : step; // the same in every pass
        List<Example> out = new ArrayList<>(which.length);
        for (int i = 0; i < which.length; i++) {
            out.add(source.example(which[i], new SplittableRandom(Shuffle.mix(order.seed(), draws, i))));
        }
        requireCounted(step, out);
        return out;
    }

    private void requireCounted(long step, List<Example> batch) {
        TreeSet<String> names = new TreeSet<>();
        batch.forEach(e -> names.addAll(e.labels().keySet()));
        for (String name : names) {
            if (batch.stream().allMatch(e -> e.counted(name) == 0)) {
                throw new BadInputException(source.name() + ": none of the " + batch.size() + " examples of step "
                        + step
                        + " has " + name + " that count, so there is nothing to learn; check the labels, or take larger"
                        + " batches");
            }
        }
    }

    @Override
    public long size() {
        return order.n();
    }

    @Override
    public long stepsPerEpoch() {
        return order.steps();
    }

    @Override
    public double epochs(long steps) {
        return order.epochs(steps);
    }

    @Override
    public List<String> complaints() {
        return source.complaints();
    }

    @Override
    public List<String> classes() {
        return source.classes();
    }

    @Override
    public Map<String, Object> preprocessor() {
        return source.preprocessor();
    }

    @Override
    public void close() {
        source.close();
    }
}
