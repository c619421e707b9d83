package dev.cutaway.model;

import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.RmsNorm;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The norm that some models (Gemma 2 and 3, Olmo 2) put behind a branch before they add it to the stream: linear in what the branch
 * wrote once its scale is held at its true value. Empty where there is none.
 */
record BranchGain(Look look, Model model) {
    /** What each coordinate is multiplied by. */
    Optional<float[]> of(String block, String norm) {
        return look.has(block + norm + "hook_scale") ? Optional.of(gain(block + norm)) : Optional.empty();
    }

    /** What each position is divided by. */
    Optional<float[]> scale(String block, String norm, int from, int to, BooleanSupplier cancelled) {
        String name = block + norm + "hook_scale";
        return look.has(name)
                ? Optional.of(look.value(name, from, to, cancelled).toFloats())
                : Optional.empty();
    }

    private float[] gain(String scope) {
        for (Node n : model.graph().nodes()) {
            if (n.scope().equals(scope) && n.in().get(1).node().op() instanceof Parameter p) {
                double offset = n.op() instanceof RmsNorm r ? r.gainOffset() : 0;
                float[] g = model.weights().vector(p).toFloats();
                for (int i = 0; i < g.length; i++) {
                    g[i] += (float) offset;
                }
                return g;
            }
        }
        throw new IllegalStateException("no norm " + scope);
    }
}
