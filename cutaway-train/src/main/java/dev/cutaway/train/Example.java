package dev.cutaway.train;

import dev.cutaway.graph.Binding;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One sequence to learn from: what the model reads, and what it should say of each of its rows (or of the whole).
 *
 * @param inputs the graph's inputs by name
 * @param binding how many rows, keys and source rows there are
 * @param labels by the name that the objective's part asks for ({@link Objective#LABELS} ...), one per row of the logits; negative ones are
 *     not counted
 * @param targets numbers to be predicted, by name, one per row of what predicts them; NaN is not counted
 */
public record Example(
        Map<String, Tensor> inputs, Binding binding, Map<String, int[]> labels, Map<String, float[]> targets) {
    private static final int LONGEST_SHARED = 1024;
    private static final AtomicReferenceArray<@Nullable Tensor> COUNTED =
            new AtomicReferenceArray<>(LONGEST_SHARED + 1);

    public Example {
        inputs = Map.copyOf(inputs);
        labels = Map.copyOf(labels);
        targets = Map.copyOf(targets);
    }

    public Example(Map<String, Tensor> inputs, Binding binding, Map<String, int[]> labels) {
        this(inputs, binding, labels, Map.of());
    }

    /** Labels of the one kind that most objectives have. */
    public Example(Map<String, Tensor> inputs, Binding binding, int[] labels) {
        this(inputs, binding, Map.of(Objective.LABELS, labels.clone()));
    }

    /** The same with further labels. */
    public Example with(String name, int... more) {
        Map<String, int[]> all = new LinkedHashMap<>(labels);
        all.put(name, more.clone());
        return new Example(inputs, binding, all, targets);
    }

    /** The same with numbers to be predicted in place of its {@link Objective#LABELS}. */
    public Example withTarget(float... numbers) {
        Map<String, int[]> others = new LinkedHashMap<>(labels);
        others.remove(Objective.LABELS);
        Map<String, float[]> all = new LinkedHashMap<>(targets);
        all.put(Objective.LABELS, numbers.clone());
        return new Example(inputs, binding, others, all);
    }

    /** The same with further numbers to be predicted. */
    public Example withNumbers(String name, float... numbers) {
        Map<String, float[]> all = new LinkedHashMap<>(targets);
        all.put(name, numbers.clone());
        return new Example(inputs, binding, labels, all);
    }

    /** Tokens of a decoder. */
    public static Example tokens(int[] ids, int[] labels) {
        return encoder(ids, new int[ids.length], count(ids.length), labels);
    }

    /** Next token: each row's label is the token after it, the last has none. */
    public static Example nextToken(int[] ids) {
        int[] labels = new int[ids.length];
        System.arraycopy(ids, 1, labels, 0, Math.max(0, ids.length - 1));
        if (labels.length > 0) {
            labels[labels.length - 1] = Objective.NOT_COUNTED;
        }
        return tokens(ids, labels);
    }

    /** Tokens of an encoder, with the sentence that each belongs to and where it stands. */
    public static Example encoder(int[] ids, int[] types, int[] positions, int[] labels) {
        Map<String, Tensor> in = rows(ids.length);
        in.put("tokens", ints(ids));
        in.put("token_type_ids", ints(types));
        in.put("position", ints(positions));
        return new Example(in, Binding.rows(ids.length, ids.length), labels);
    }

    /** Tokens of a decoder that stand at these positions. */
    public static Example tokens(int[] ids, int[] positions, int[] labels) {
        return encoder(ids, new int[ids.length], positions, labels);
    }

    /** A source and the target that the decoder reads, shifted right already. */
    public static Example pair(int[] source, int[] target, int[] labels) {
        return pair(source, count(source.length), target, labels);
    }

    /** A source whose tokens stand at these positions, and the target that the decoder reads, shifted right already. */
    public static Example pair(int[] source, int[] sourcePositions, int[] target, int[] labels) {
        Map<String, Tensor> in = rows(target.length);
        in.put("tokens", ints(target));
        in.put("position", upTo(target.length));
        in.put("source tokens", ints(source));
        in.put("source row", upTo(source.length));
        in.put("source position", ints(sourcePositions));
        return new Example(in, Binding.rows(target.length, target.length, source.length), labels);
    }

    /** An image as rows of pixels ({@link dev.cutaway.model.Model#patches}), and its class. */
    public static Example image(Tensor patches, int label) {
        int n = (int) patches.dim(0);
        Map<String, Tensor> in = rows(n);
        in.put("patches", patches);
        in.put("position", upTo(n));
        return new Example(in, Binding.rows(n, n), new int[] {label});
    }

    /**
     * An image as rows of pixels, and the words behind it.
     *
     * @param labels of the words' rows; the image's do not count
     */
    public static Example captioned(Tensor patches, int[] ids, int[] labels) {
        int image = (int) patches.dim(0);
        int n = image + ids.length;
        int[] tokens = new int[n];
        int[] types = new int[n];
        int[] all = new int[n];
        Arrays.fill(types, image, n, 1);
        Arrays.fill(all, 0, image, Objective.NOT_COUNTED);
        System.arraycopy(ids, 0, tokens, image, ids.length);
        System.arraycopy(labels, 0, all, image, labels.length);
        Tensor pixels = Tensor.zeros(n, patches.dim(1)); // none where there are words
        MemorySegment.copy(patches.data(), 0, pixels.data(), 0, 4 * patches.size());
        Map<String, Tensor> in = rows(n);
        in.put("patches", pixels);
        in.put("tokens", ints(tokens));
        in.put("token_type_ids", ints(types));
        in.put("position", upTo(n));
        return new Example(in, Binding.rows(n, n), all);
    }

    /** Rows whose label of this name counts. */
    public int counted(String name) {
        int n = 0;
        for (int l : labels.getOrDefault(name, new int[0])) {
            n += l >= 0 ? 1 : 0;
        }
        return n;
    }

    private static Map<String, Tensor> rows(int n) {
        Map<String, Tensor> in = new HashMap<>();
        in.put("row", upTo(n));
        in.put("key", upTo(n));
        return in;
    }

    /** 0 to n - 1; examples of the same length share it. */
    private static Tensor upTo(int n) {
        if (n > LONGEST_SHARED) {
            return ints(count(n));
        }
        Tensor t = COUNTED.get(n);
        if (t == null) {
            t = ints(count(n));
            COUNTED.set(n, t);
        }
        return t;
    }

    private static Tensor ints(int[] x) {
        return Tensor.ofInts(x, x.length);
    }

    private static int[] count(int n) {
        int[] x = new int[n];
        for (int i = 0; i < n; i++) {
            x[i] = i;
        }
        return x;
    }
}
