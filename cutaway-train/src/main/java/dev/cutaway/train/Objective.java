package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Gradients;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.Ein;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Reshape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * What a model is trained for: its graph with a loss and the loss's gradient appended. The loss is named {@code loss}; it is the sum over
 * parts of the sum over rows of the row's loss times its weight, so that the mean over all counted rows of a batch is the sum of what its
 * sequences give, each evaluated by itself.
 */
public final class Objective {
    /** The label of a row that is not counted, as in Hugging Face. */
    public static final int NOT_COUNTED = -100;

    /** The name of the labels that most objectives have. */
    public static final String LABELS = "labels";

    private final Gradients gradients;
    private final List<Part> parts;

    /**
     * One term of the loss: cross-entropy of logits.
     *
     * @param logits the name of a value {@code [row, class]}, of any row space
     * @param labels the name of the labels in an {@link Example}, one for each row of the logits
     * @param smoothing label smoothing, 0 for none
     */
    public record Part(String logits, String labels, double smoothing) {
        /** The graph's input that says how much each row counts. */
        public String weights() {
            return "weights of " + labels;
        }

        /** The name of the value that is each row's loss. */
        public String rowLoss() {
            return labels.equals(LABELS) ? "row_loss" : "row_loss." + labels;
        }
    }

    private Objective(Gradients gradients, List<Part> parts) {
        this.gradients = gradients;
        this.parts = parts;
    }

    /** The mean cross-entropy of one value's counted rows. */
    public static Objective crossEntropy(Graph model, String logits, double smoothing) {
        return of(model, List.of(new Part(logits, LABELS, smoothing)), p -> true);
    }

    /**
     * A sum of terms, each the mean over its counted rows.
     *
     * @param trained weights of which gradients are wanted
     */
    public static Objective of(Graph model, List<Part> parts, Predicate<Parameter> trained) {
        GraphBuilder g = GraphBuilder.extending(model);
        List<Value> terms = new ArrayList<>();
        for (Part p : parts) {
            terms.add(term(g, model.require(p.logits()), p));
        }
        Value loss = g.name(
                "loss", terms.stream().reduce((a, b) -> g.add(Binary.ADD, a, b)).orElseThrow()); // [1]
        return new Objective(Gradients.of(g.build(), loss, trained), List.copyOf(parts));
    }

    private static Value term(GraphBuilder g, Value logits, Part p) {
        Dim rows = logits.type().dim(0);
        Value labels = g.input(p.labels(), Type.integers(rows));
        Value weights = g.input(p.weights(), Type.real(rows));
        Value each = g.name(p.rowLoss(), g.add(new CrossEntropy(p.smoothing()), logits, labels)); // [row]
        Value column = g.add(Reshape.to(rows, Dim.of("one", 1)), each); // [row, 1]
        return g.add(new Ein("r,rk->k", "row", "weight times loss", "\\sum_{r} w_r\\,l_r"), weights, column); // [1]
    }

    public Gradients gradients() {
        return gradients;
    }

    /** The terms of the loss. */
    public List<Part> parts() {
        return parts;
    }
}
