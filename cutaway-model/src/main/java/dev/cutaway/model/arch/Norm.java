package dev.cutaway.model.arch;

import dev.cutaway.graph.Op;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.RmsNorm;

/** Which norm a model uses: the operation, and whether it has a bias. */
public record Norm(Op op, boolean bias) {
    public static Norm rms(double eps) {
        return new Norm(new RmsNorm(eps, 0), false);
    }

    /** RMS norm whose gain is kept around 0, as in Gemma. */
    public static Norm rmsPlusOne(double eps) {
        return new Norm(new RmsNorm(eps, 1), false);
    }

    public static Norm layer(double eps) {
        return new Norm(new LayerNorm(eps), true);
    }
}
