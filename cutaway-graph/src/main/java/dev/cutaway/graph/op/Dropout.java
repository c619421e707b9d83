package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.List;

/**
 * Makes elements 0 at random and the others {@code 1 / (1 - rate)} times as large (Srivastava et al. 2014, JMLR 15): while training only.
 * What is dropped is a function of a seed that each sequence is given, of the place in the model and of the element's index, so a run
 * repeats bit by bit, a block that is computed again drops the same, and the way back needs nothing kept. Inputs: x of any shape
 * that begins with rows, and the seeds ({@link #SEED}); a negative seed drops nothing.
 *
 * @param rate the probability that an element is dropped, from 0 to below 1
 * @param site tells the places of a model apart
 */
public record Dropout(double rate, int site) implements Primitive {
    /** The graph's input of seeds, one for each sequence. */
    public static final String SEED = "dropout";

    private static final Type SEEDS = Type.integers(Dim.of(Space.SEQUENCES));
    private static final int BITS = 24;

    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("a dropout of " + rate + " is not from 0 to below 1");
        }
    }

    /** The node of the seeds. */
    public static Value seeds(GraphBuilder g) {
        return g.input(SEED, SEEDS);
    }

    @Override
    public String constants() {
        return "rate " + Numbers.plain(rate) + ", place " + site;
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    /** What the elements that stay are multiplied by. */
    public float gain() {
        return (float) (1 / (1 - rate));
    }

    /** What {@link #kept} asks for, of one sequence here. */
    public int key(int seed) {
        return mixed(seed * 0x9E3779B9 + site * 0x85EBCA6B + 1);
    }

    /** The first 24-bit number that stays. */
    public int threshold() {
        return (int) Math.round(rate * (1 << BITS));
    }

    /**
     * All ones if an element stays, else 0: without a branch, so that loops over it become vectors.
     *
     * @param key the sequence's, {@link #key}
     * @param index of the element in the sequence's tensor
     * @param threshold {@link #threshold}
     */
    public static int kept(int key, int index, int threshold) {
        return ~((mixed(key + index * 0x9E3779B9) >>> (Integer.SIZE - BITS)) - threshold >> (Integer.SIZE - 1));
    }

    /** The finalizer of MurmurHash3. */
    private static int mixed(int x) {
        int h = (x ^ x >>> 16) * 0x85EBCA6B;
        h = (h ^ h >>> 13) * 0xC2B2AE35;
        return h ^ h >>> 16;
    }

    private float factor(int seed, int index) {
        return seed < 0 ? 1 : kept(key(seed), index, threshold()) == 0 ? 0 : gain();
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float[] x = in.getFirst().toFloats();
        int seed = in.get(1).getInt(0);
        for (int i = 0; i < x.length; i++) {
            x[i] *= factor(seed, i);
        }
        return List.of(Tensor.of(x, in.getFirst().shape()));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long at = 0;
        for (int i = 0; i < index.length; i++) {
            at = at * in.getFirst().dim(i) + index[i];
        }
        float factor = factor(in.get(1).getInt(0), (int) at);
        return Derivation.function(
                factor == 0 ? "dropped" : "kept, " + Numbers.shown(factor) + " times x",
                Numbers.latex(factor) + "\\,x",
                List.of(Derivation.Term.of("x", 0, index)),
                v -> factor * v[0]);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(this, dy, n.in().get(1)));
    }
}
