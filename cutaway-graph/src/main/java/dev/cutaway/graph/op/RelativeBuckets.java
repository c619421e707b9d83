package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/**
 * T5's buckets of relative positions: near distances have a bucket each, far ones share logarithmically. Source: T5
 * (arXiv 1910.10683), section 2.1. Inputs: positions of rows and of keys; output integers {@code [row, key]}.
 *
 * @param bidirectional whether keys after the row have buckets of their own
 * @param buckets number of buckets
 * @param maxDistance from here on all distances share the last bucket
 */
public record RelativeBuckets(boolean bidirectional, int buckets, int maxDistance) implements Primitive {
    @Override
    public String constants() {
        return buckets + " buckets to distance " + maxDistance;
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(Type.integers(in.get(0).dim(0), in.get(1).dim(0)));
    }

    /** The bucket of a key at distance {@code key - row}. */
    public int bucket(int distance) {
        int n = buckets;
        int base = 0;
        int d = -distance;
        if (bidirectional) {
            n /= 2;
            base = distance > 0 ? n : 0;
            d = Math.abs(distance);
        } else {
            d = Math.max(0, d);
        }
        int exact = n / 2;
        if (d < exact) {
            return base + d;
        }
        // Single precision, as in the original: a boundary may fall exactly on an integer.
        float far = (float) Math.log((float) d / exact) / (float) Math.log((double) maxDistance / exact) * (n - exact);
        return base + Math.min(n - 1, exact + (int) far);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        int[] rows = Dense.ints(in.get(0));
        int[] keys = Dense.ints(in.get(1));
        int[] out = new int[rows.length * keys.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = bucket(keys[i % keys.length] - rows[i / keys.length]);
        }
        return List.of(Tensor.ofInts(out, rows.length, keys.length));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.given("the bucket of the distance between two positions");
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.NONE;
    }
}
