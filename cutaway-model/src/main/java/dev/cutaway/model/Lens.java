package dev.cutaway.model;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The likeliest next tokens: the model's own, and those it would name if it stopped after a block (the logit lens: nostalgebraist 2020,
 * "interpreting GPT"). Ids and probabilities come from the same logits, which are computed once and not kept.
 */
final class Lens {
    static final int RANKS = 3;

    private final Look look;
    private final Model model;
    private final Tail tail;
    private final KeptRows rows;

    Lens(Look look, Model model, Tail tail, KeptRows rows) {
        this.look = look;
        this.model = model;
        this.tail = tail;
        this.rows = rows;
    }

    /** The model's own likeliest tokens, {@code [1, position, rank]}: their ids, or their probabilities. */
    Tensor prediction(boolean ids, int from, int to, BooleanSupplier cancelled) {
        return best("", ids, from, to, (a, b) -> look.value("logits", a, b, cancelled));
    }

    /** The same if the model stopped after a block. */
    Tensor stopped(String block, boolean ids, int from, int to, BooleanSupplier cancelled) {
        return best(block, ids, from, to, (a, b) -> logits(block, a, b, cancelled));
    }

    @FunctionalInterface
    private interface Logits {
        Tensor of(int from, int to);
    }

    private Tensor best(String key, boolean ids, int from, int to, Logits logits) {
        return rows.get(key + (ids ? "ids" : "shares"), from, to, new int[] {RANKS}, (a, b) -> {
            float[] x = logits.of(a, b).toFloats();
            int n = x.length / (b - a);
            for (int p = a; p < b; p++) {
                int[] top = top(x, (p - a) * n, n);
                float[] named = new float[RANKS];
                for (int k = 0; k < RANKS; k++) {
                    named[k] = top[k];
                }
                rows.put(key + "ids", p, named);
                rows.put(key + "shares", p, shares(x, (p - a) * n, n, top));
            }
        });
    }

    private static float[] shares(float[] x, int at, int n, int[] top) {
        double largest = x[at + top[0]];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(x[at + i] - largest);
        }
        float[] out = new float[RANKS];
        for (int k = 0; k < RANKS; k++) {
            out[k] = (float) (Math.exp(x[at + top[k]] - largest) / sum);
        }
        return out;
    }

    private static int[] top(float[] x, int at, int n) {
        int[] top = new int[RANKS];
        Arrays.fill(top, -1);
        for (int i = 0; i < n; i++) {
            int id = i;
            for (int k = 0; k < RANKS && id >= 0; k++) {
                if (top[k] < 0 || x[at + id] > x[at + top[k]]) {
                    int old = top[k];
                    top[k] = id;
                    id = old;
                }
            }
        }
        return Arrays.stream(top).map(i -> Math.max(i, 0)).toArray();
    }

    /** The model's logits if it stopped after a block: final norm and unembedding of that block's stream. */
    private Tensor logits(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor stream = look.value(block + "hook_resid_post", from, to, cancelled);
        Value end = model.graph().inOpened(tail.stream());
        Tensor flat = stream.reshape(stream.dim(1), stream.dim(2));
        Binding b = Binding.rows(to - from, look.length());
        Given given = new Stopped(look.given(from, to), end, flat);
        Value logits = look.require("logits");
        return Objects.requireNonNull(new Evaluator(look.opened(), b, given, Map.of())
                .evaluate(List.of(logits), cancelled)
                .get(logits));
    }

    /** What is given, except that another stream enters the final norm. */
    private record Stopped(Given given, Value end, Tensor stream) implements Given {
        @Override
        public Optional<Tensor> value(Value v) {
            boolean behind = v.node().id() > end.node().id() && !(v.node().op() instanceof Parameter);
            return v.equals(end) ? Optional.of(stream) : behind ? Optional.empty() : given.value(v);
        }

        @Override
        public Optional<PackedMatrix> packed(Parameter p) {
            return given.packed(p);
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return given.place(p, index);
        }
    }
}
