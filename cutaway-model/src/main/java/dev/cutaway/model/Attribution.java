package dev.cutaway.model;

import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Explanation;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Logits that writes add to a token: direct logit attribution (Elhage et al. 2021, "A Mathematical Framework for Transformer
 * Circuits"). The final norm's scale is held at its true value, so that embedding, writes and biases sum to the logit (before a
 * soft cap). Unless a token is named, it is the position's own next token, the largest logit.
 */
final class Attribution {
    private static final int DIRECTIONS = 512;

    private final Look look;
    private final Model model;
    private final Tail tail;
    private final Lens lens;
    private final BranchGain gains;
    private final Map<Integer, double[]> directions = new LinkedHashMap<>(64, 0.75f, true);

    Attribution(Look look, Model model, Tail tail, Lens lens, BranchGain gains) {
        this.look = look;
        this.model = model;
        this.tail = tail;
        this.lens = lens;
        this.gains = gains;
    }

    private double[] direction(int token) {
        double[] known = directions.get(token);
        if (known != null) {
            return known;
        }
        double[] u = tail.direction(model.weights(), token);
        directions.put(token, u);
        if (directions.size() > DIRECTIONS) {
            directions.remove(directions.keySet().iterator().next());
        }
        return u;
    }

    /** Of each position: the direction of its own next token, and what its final norm divides by. */
    private record Position(double[] direction, double scale) {}

    private List<Position> positions(int from, int to, BooleanSupplier cancelled) {
        Tensor ids = lens.prediction(true, from, to, cancelled);
        Tensor scale = look.value("ln_final.hook_scale", from, to, cancelled);
        List<Position> out = new ArrayList<>();
        for (int r = 0; r < to - from; r++) {
            out.add(new Position(direction((int) ids.get((long) r * Lens.RANKS)), scale.get(r)));
        }
        return out;
    }

    private static double dot(float[] x, int at, double[] u) {
        double s = 0;
        for (int i = 0; i < u.length; i++) {
            s += x[at + i] * u[i];
        }
        return s;
    }

    /** Logits that writes {@code [1, row, width]} add: {@code [1, row]}. */
    Tensor of(String writes, int from, int to, BooleanSupplier cancelled) {
        float[] x = look.value(writes, from, to, cancelled).toFloats();
        List<Position> at = positions(from, to, cancelled);
        float[] out = new float[at.size()];
        for (int r = 0; r < out.length; r++) {
            double[] u = at.get(r).direction;
            out[r] = (float) (dot(x, r * u.length, u) / at.get(r).scale);
        }
        return Tensor.of(out, 1, out.length);
    }

    /** Logits that each head adds: {@code [1, row, head]}. */
    Tensor ofHeads(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor result = look.value(block + "attn.hook_result", from, to, cancelled); // [1, row, head, width]
        int heads = (int) result.dim(2);
        float[] x = result.toFloats();
        List<Position> at = positions(from, to, cancelled);
        Optional<float[]> gain = gains.of(block, "ln1_post.");
        Optional<float[]> branch = gains.scale(block, "ln1_post.", from, to, cancelled);
        float[] out = new float[at.size() * heads];
        for (int r = 0; r < at.size(); r++) {
            double[] u = scaled(at.get(r).direction, gain);
            double by = at.get(r).scale * (branch.isPresent() ? branch.get()[r] : 1);
            for (int h = 0; h < heads; h++) {
                out[r * heads + h] = (float) (dot(x, (r * heads + h) * u.length, u) / by);
            }
        }
        return Tensor.of(out, 1, at.size(), heads);
    }

    private static double[] scaled(double[] u, Optional<float[]> gain) {
        if (gain.isEmpty()) {
            return u;
        }
        double[] out = u.clone();
        for (int i = 0; i < out.length; i++) {
            out[i] *= gain.get()[i];
        }
        return out;
    }

    /** Logits that each neuron adds: {@code [1, row, neuron]}. */
    Tensor ofNeurons(String block, int from, int to, BooleanSupplier cancelled) {
        Tensor post = look.value(block + "mlp.hook_post", from, to, cancelled);
        int hidden = (int) post.dim(2);
        float[] x = post.toFloats();
        float[] down = model.weights()
                .tensor(down(look.require(block + "mlp.hook_post")))
                .widen()
                .toFloats(); // [width, hidden]
        List<Position> at = positions(from, to, cancelled);
        Optional<float[]> gain = gains.of(block, "ln2_post.");
        Optional<float[]> branch = gains.scale(block, "ln2_post.", from, to, cancelled);
        float[] out = new float[at.size() * hidden];
        for (int r = 0; r < at.size(); r++) {
            double[] u = scaled(at.get(r).direction, gain);
            double[] sum = new double[hidden];
            for (int i = 0; i < u.length; i++) {
                for (int n = 0; n < hidden; n++) {
                    sum[n] += u[i] * down[i * hidden + n];
                }
            }
            double by = at.get(r).scale * (branch.isPresent() ? branch.get()[r] : 1);
            for (int n = 0; n < hidden; n++) {
                out[r * hidden + n] = (float) (sum[n] * x[r * hidden + n] / by);
            }
        }
        return Tensor.of(out, 1, at.size(), hidden);
    }

    /** The projection that reads a value of the opened graph. */
    private Parameter down(Value post) {
        for (Node n : look.opened().nodes()) {
            if (n.in().size() > 1
                    && n.in().getFirst().equals(post)
                    && n.in().get(1).node().op() instanceof Parameter p) {
                return p;
            }
        }
        throw new IllegalStateException("nothing reads the neurons");
    }

    /** A logit as the sum of what every writer adds to it. */
    Explanation byWriter(long[] index) {
        int row = (int) index[1];
        int token = (int) index[2];
        double[] u = direction(token);
        double scale = look.value("ln_final.hook_scale", row, row + 1).get(0);
        List<Explanation.Term> terms = new ArrayList<>();
        terms.add(writer("embedding", "blocks.0.hook_resid_pre", row, u, scale));
        for (int b = 0; b < model.sizes().layers(); b++) {
            terms.add(writer("attention " + b, "blocks." + b + ".hook_attn_out", row, u, scale));
            terms.add(writer("MLP " + b, "blocks." + b + ".hook_mlp_out", row, u, scale));
        }
        if (tail.centred()) {
            terms.add(bias(token));
        }
        double sum = terms.stream().mapToDouble(Explanation.Term::value).sum();
        terms.sort(Comparator.comparingDouble((Explanation.Term t) -> -Math.abs(t.value())));
        return new Explanation(
                "derived.logits_by_writer",
                Arrays.stream(index).boxed().toList(),
                look.value("logits", row, row + 1).get(token),
                "the sum over all writers of what each adds to the logit through the final norm",
                "\\sum_{w} \\frac{r_w \\odot g}{s} \\cdot W_U",
                true,
                terms,
                sum);
    }

    /** The final norm's bias seen through the unembedding: a writer of its own. */
    private Explanation.Term bias(int token) {
        for (Node n : model.graph().nodes()) {
            if (n.scope().equals("ln_final.")
                    && n.in().size() > 2
                    && n.in().get(2).node().op() instanceof Parameter p) {
                Tensor b = model.weights().vector(p);
                Tensor row = tail.unembedding(model.weights(), token);
                double s = 0;
                for (int i = 0; i < b.size(); i++) {
                    s += b.get(i) * row.get(i);
                }
                return new Explanation.Term("final norm's bias", s, s, List.of());
            }
        }
        return new Explanation.Term("final norm's bias", 0, 0, List.of());
    }

    private Explanation.Term writer(String label, String name, int row, double[] u, double scale) {
        look.prepare(List.of(name, name.replace("hook_attn_out", "hook_mlp_out")), row, row + 1, () -> false);
        Tensor t = look.value(name, row, row + 1);
        double s = 0;
        int most = 0;
        for (int i = 0; i < u.length; i++) {
            s += t.get(i) * u[i];
            most = Math.abs(t.get(i) * u[i]) > Math.abs(t.get(most) * u[most]) ? i : most;
        }
        // The term is a sum over coordinates; its largest one can be opened.
        Explanation.Factor f = new Explanation.Factor(
                name, List.of(0L, (long) row, (long) most), t.get(most), false, "its largest coordinate");
        return new Explanation.Term(label, s / scale, s / scale / t.get(most), List.of(f));
    }
}
