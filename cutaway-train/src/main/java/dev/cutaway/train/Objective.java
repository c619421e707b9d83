package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Gradients;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.Ein;
import dev.cutaway.graph.op.Reshape;

/**
 * What a model is trained for: its graph with a loss and the loss's gradient appended. The loss is named {@code loss}; it is the sum over
 * rows of the row's loss ({@code row_loss}) times its weight (input {@code loss_weights}), so that the mean over all counted rows of a batch is
 * the sum of what its sequences give, each evaluated by itself.
 */
public final class Objective {
    /** The label of a row that is not counted, as in Hugging Face. */
    public static final int NOT_COUNTED = -100;

    static final String LABELS = "labels";
    static final String WEIGHTS = "loss_weights";

    private final Gradients gradients;

    private Objective(Gradients gradients) {
        this.gradients = gradients;
    }

    /**
     * Cross-entropy of logits.
     *
     * @param logits the name of a value {@code [row, class]}
     * @param smoothing label smoothing, 0 for none
     */
    public static Objective crossEntropy(Graph model, String logits, double smoothing) {
        GraphBuilder g = GraphBuilder.extending(model);
        Value x = model.require(logits);
        Dim rows = x.type().dim(0);
        Value labels = g.input(LABELS, Type.integers(rows));
        Value weights = g.input(WEIGHTS, Type.real(rows));
        Value each = g.name("row_loss", g.add(new CrossEntropy(smoothing), x, labels)); // [row]
        Value column = g.add(Reshape.to(rows, Dim.of("one", 1)), each); // [row, 1]
        Value loss = g.name(
                "loss",
                g.add(new Ein("r,rk->k", "row", "weight times loss", "\\sum_{r} w_r\\,l_r"), weights, column)); // [1]
        return new Objective(Gradients.of(g.build(), loss));
    }

    public Gradients gradients() {
        return gradients;
    }
}
