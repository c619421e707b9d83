package dev.cutaway.train;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.tensor.Tensor;
import java.util.SplittableRandom;

/** Weights to begin tests with: matrices from a normal distribution of deviation 0.02, gains of norms 1, biases 0. */
final class RandomWeights {
    private RandomWeights() {}

    static Trained of(Graph graph, long seed) {
        return Trained.copyOf(graph, p -> {
            long[] shape =
                    p.dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
            Tensor t = Tensor.zeros(shape);
            String name = p.source().name();
            boolean vector = shape.length == 1;
            SplittableRandom r =
                    new SplittableRandom(seed * 0x9E3779B97F4A7C15L + p.source().hashCode());
            for (long i = 0; i < t.size(); i++) {
                double x = vector && name.endsWith("weight")
                        ? 1
                        : vector && name.endsWith("bias") ? 0 : 0.02 * r.nextGaussian();
                t.set(i, (float) x);
            }
            return t;
        });
    }
}
