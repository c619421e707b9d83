package dev.cutaway.model;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.tensor.Tensor;
import java.util.Optional;

/**
 * What lies behind the last block of a model with a vocabulary: the norm, its gain, the unembedding.
 *
 * @param stream what enters the norm
 * @param centred whether the norm subtracts the mean
 * @param gainOffset what is added to the gain's weights
 */
record Tail(Value stream, boolean centred, Parameter gain, double gainOffset, Parameter unembed) {
    /** The tail of a model's graph; empty if it does not end in a norm and a matrix. */
    static Optional<Tail> of(Graph g) {
        int last = g.blockInputs().size();
        Node norm = null;
        for (Node n : g.nodes()) {
            if (n.block() != last) {
                continue;
            }
            if (n.op() instanceof RmsNorm || n.op() instanceof LayerNorm) {
                norm = n;
            }
            if (norm != null
                    && n.op() instanceof Linear
                    && n.in().get(1).node().op() instanceof Parameter w
                    && norm.in().get(1).node().op() instanceof Parameter gain) {
                double offset = norm.op() instanceof RmsNorm r ? r.gainOffset() : 0;
                return Optional.of(new Tail(norm.in().getFirst(), norm.op() instanceof LayerNorm, gain, offset, w));
            }
        }
        return Optional.empty();
    }

    /** What a unit of the stream's coordinates adds to a token's logit, before the final scale: gain times unembedding. */
    double[] direction(ModelWeights weights, int token) {
        float[] g = weights.vector(gain).toFloats();
        float[] row = unembedding(weights, token).toFloats();
        double[] u = new double[g.length];
        double mean = 0;
        for (int i = 0; i < u.length; i++) {
            u[i] = (g[i] + gainOffset) * row[i];
            mean += u[i] / u.length;
        }
        // Centring is linear and symmetric, so it may be applied to the direction instead of the write.
        for (int i = 0; centred && i < u.length; i++) {
            u[i] -= mean;
        }
        return u;
    }

    /** The unembedding's row of a token. */
    Tensor unembedding(ModelWeights weights, int token) {
        return weights.tensor(unembed).row(token).widen();
    }
}
