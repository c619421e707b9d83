package dev.cutaway.train.run;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a run knows beside weights and optimiser, as a checkpoint keeps it. One thread. */
final class Progress {
    /** The best checkpoint so far. */
    record Best(long step, double loss) {}

    private Optional<Best> best = Optional.empty();
    private double losses;
    private long counted;
    private double seconds;
    private long tokens;
    private double lastLoss = Double.NaN;
    private Optional<Double> lastValid = Optional.empty();

    /** A step is done. */
    void step(double loss, long rows, double took) {
        losses += loss;
        counted++;
        tokens += rows;
        seconds += took;
        lastLoss = loss;
    }

    void valid(double loss) {
        lastValid = Optional.of(loss);
    }

    /** Seconds that were spent on steps, over all parts of the run. */
    double seconds() {
        return seconds;
    }

    long tokens() {
        return tokens;
    }

    double lastLoss() {
        return lastLoss;
    }

    Optional<Double> lastValid() {
        return lastValid;
    }

    Optional<Best> best() {
        return best;
    }

    /** The mean loss of the steps since the last regular checkpoint, which then begins again. */
    double takeMean() {
        double mean = counted == 0 ? Double.NaN : losses / counted;
        losses = 0;
        counted = 0;
        return mean;
    }

    /** Notes a checkpoint's loss; says whether it is the best so far. */
    boolean offer(long step, double loss) {
        if (Double.isNaN(loss) || best.filter(b -> b.loss() <= loss).isPresent()) {
            return false;
        }
        best = Optional.of(new Best(step, loss));
        return true;
    }

    Map<String, Object> saved() {
        Map<String, Object> m = new LinkedHashMap<>();
        best.ifPresent(b -> m.put("best", Map.of("step", b.step(), "loss", b.loss())));
        m.put("losses_since", losses);
        m.put("steps_since", counted);
        m.put("seconds", seconds);
        m.put("tokens", tokens);
        m.put("loss", lastLoss);
        lastValid.ifPresent(v -> m.put("valid_loss", v));
        return m;
    }

    static Progress of(Map<String, Object> saved) {
        Progress p = new Progress();
        if (saved.get("best") instanceof Map<?, ?> m) {
            p.best = Optional.of(new Best((long) number(m.get("step")), number(m.get("loss"))));
        }
        p.losses = number(saved.get("losses_since"));
        p.counted = (long) number(saved.get("steps_since"));
        p.seconds = number(saved.get("seconds"));
        p.tokens = (long) number(saved.get("tokens"));
        p.lastLoss = number(saved.get("loss"));
        if (saved.get("valid_loss") instanceof Number n) {
            p.lastValid = Optional.of(n.doubleValue());
        }
        return p;
    }

    private static double number(@org.jspecify.annotations.Nullable Object o) {
        return o instanceof Number n ? n.doubleValue() : Double.parseDouble(Objects.toString(o));
    }
}
