package dev.cutaway.model;

import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * What attention writes from each key: the length of the sum over heads of {@code pattern[h, q, k] * v[k] W_O[h]}. Computed from the
 * inner products of what the heads would write from a key (a Gram matrix a key), so that no vector is made for a pair; those do
 * not depend on the query and are kept.
 */
final class Reads {
    /** Keys that are done at once, so that each weight is fetched once for all of them. */
    private static final int TOGETHER = 8;

    private final Look look;
    private final Model model;
    private final BranchGain gains;
    private final Map<String, float[][]> grams = new HashMap<>();

    Reads(Look look, Model model, BranchGain gains) {
        this.look = look;
        this.model = model;
        this.gains = gains;
    }

    /** {@code [1, query, key]}. */
    Tensor bySource(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor pattern = look.value(block + "attn.hook_pattern", from, to, cancelled); // [1, head, row, key]
        int heads = (int) pattern.dim(1);
        int rows = (int) pattern.dim(2);
        int keys = (int) pattern.dim(3);
        float[] p = pattern.toFloats();
        float[][] gram = grams.computeIfAbsent(block, b -> new float[keys][]);
        complete(gram, block, heads, read(p, heads * rows, keys), cancelled);
        Optional<float[]> branch = gains.scale(block, "ln1_post.", from, to, cancelled);
        float[] out = new float[rows * keys];
        double[] weights = new double[heads];
        for (int q = 0; q < rows; q++) {
            double by = branch.isPresent() ? branch.get()[q] : 1;
            for (int k = 0; k < keys; k++) {
                for (int h = 0; h < heads; h++) {
                    weights[h] = p[(h * rows + q) * keys + k];
                }
                out[q * keys + k] = gram[k] == null ? 0 : (float) (length(weights, gram[k]) / by);
            }
        }
        return Tensor.of(out, 1, rows, keys);
    }

    /** The length of a weighted sum of vectors whose inner products are given, the lower triangle row by row. */
    private static double length(double[] weights, float[] gram) {
        double squares = 0;
        double products = 0;
        int at = 0;
        for (int a = 0; a < weights.length; a++) {
            if (weights[a] == 0) {
                at += a + 1;
                continue;
            }
            double row = 0;
            for (int b = 0; b < a; b++) {
                row += weights[b] * gram[at++];
            }
            products += weights[a] * row;
            squares += weights[a] * weights[a] * gram[at++];
        }
        return Math.sqrt(Math.max(0, squares + 2 * products));
    }

    /** The keys that any of these rows reads. */
    private static int[] read(float[] pattern, int rows, int keys) {
        return IntStream.range(0, keys)
                .filter(k -> IntStream.range(0, rows).anyMatch(r -> pattern[r * keys + k] != 0))
                .toArray();
    }

    /** Fills in the Gram matrices of those keys that have none yet. */
    private void complete(float[][] gram, String block, int heads, int[] keys, BooleanSupplier cancelled) {
        int[] missing = Arrays.stream(keys).filter(k -> gram[k] == null).toArray();
        if (missing.length == 0) {
            return;
        }
        Tensor v = look.value(block + "attn.hook_v", 0, look.length(), cancelled); // [1, key, key head, size]
        int shared = (int) v.dim(2);
        int size = (int) v.dim(3);
        float[] values = v.toFloats();
        float[] wo = byComponent(outWeights(block), heads * size);
        int width = wo.length / (heads * size);
        float[] gain = gains.of(block, "ln1_post.").orElse(new float[0]);
        float[][] written = new float[TOGETHER][heads * width];
        for (int first = 0; first < missing.length; first += TOGETHER) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException();
            }
            int count = Math.min(TOGETHER, missing.length - first);
            for (int c = 0; c < heads * size; c++) {
                int head = c / size;
                for (int i = 0; i < count; i++) {
                    float by = values[(missing[first + i] * shared + head / (heads / shared)) * size + c % size];
                    addTo(written[i], head * width, wo, c * width, by, width);
                }
            }
            for (int i = 0; i < count; i++) {
                for (int o = 0; o < written[i].length && gain.length > 0; o++) {
                    written[i][o] *= gain[o % width];
                }
                gram[missing[first + i]] = gram(written[i], heads, width);
                Arrays.fill(written[i], 0);
            }
        }
    }

    /** A loop of its own, so that the compiler makes vectors of it. */
    private static void addTo(float[] sum, int at, float[] x, int from, float by, int n) {
        for (int i = 0; i < n; i++) {
            sum[at + i] += by * x[from + i];
        }
    }

    /** {@code [width, component]} to {@code [component, width]}. */
    private static float[] byComponent(float[] w, int components) {
        float[] out = new float[w.length];
        int width = w.length / components;
        for (int o = 0; o < width; o++) {
            for (int c = 0; c < components; c++) {
                out[c * width + o] = w[o * components + c];
            }
        }
        return out;
    }

    private float[] outWeights(String block) {
        for (Node n : model.graph().nodes()) {
            if (n.op() instanceof HeadsOut
                    && n.scope().equals(block + "attn.")
                    && n.in().get(1).node().op() instanceof Parameter p) {
                return model.weights().tensor(p).widen().toFloats();
            }
        }
        throw new IllegalStateException("no output projection in " + block);
    }

    private static float[] gram(float[] vectors, int n, int width) {
        float[] g = new float[n * (n + 1) / 2];
        int at = 0;
        for (int a = 0; a < n; a++) {
            for (int b = 0; b <= a; b++) {
                g[at++] = dot(vectors, a * width, b * width, width);
            }
        }
        return g;
    }

    /** Four sums, so that one addition need not wait for the one before. */
    private static float dot(float[] x, int a, int b, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            s0 += x[a + i] * x[b + i];
            s1 += x[a + i + 1] * x[b + i + 1];
            s2 += x[a + i + 2] * x[b + i + 2];
            s3 += x[a + i + 3] * x[b + i + 3];
        }
        for (; i < n; i++) {
            s0 += x[a + i] * x[b + i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
