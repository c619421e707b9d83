package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * How badly each row predicts its label: {@code -log p[label]} with {@code p = softmax(logits)}, or with label smoothing the
 * cross-entropy to the smoothed {@link Targets}. 0 for rows whose label is negative. Inputs: logits {@code [row, class]}, labels
 * {@code [row]} (integers); output {@code [row]}.
 */
public record CrossEntropy(double smoothing) implements Composite {
    @Override
    public String constants() {
        return smoothing == 0 ? "" : "smoothing " + Numbers.plain(smoothing);
    }

    @Override
    public List<Type> types(List<Type> in) {
        Type logits = in.get(0);
        Type labels = in.get(1);
        if (logits.rank() != 2
                || labels.rank() != 1
                || !labels.integer()
                || !labels.dim(0).same(logits.dim(0))) {
            throw new IllegalArgumentException("takes logits [row, class] and an integer for each row");
        }
        return List.of(Type.real(logits.dim(0)));
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value logs = g.add(new LogSoftmax(), in.get(0)); // [row, class]
        Value targets = g.add(new Targets(in.get(0).type().dim(1), smoothing), in.get(1)); // [row, class]
        Value sum = g.add(
                new Ein(
                        "rc,rc->r",
                        "class",
                        "wanted probability times log of the predicted one",
                        "\\sum_{c} q_c \\log p_c"),
                targets,
                logs);
        return List.of(g.add(Constant.scale(-1), sum));
    }
}
