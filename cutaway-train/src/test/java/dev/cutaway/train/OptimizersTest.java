package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Optimizer.Muon.Adjust;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Optimisers against PyTorch's, ten steps each ({@code verification/train/make_optimizers.py}). */
class OptimizersTest {
    private static final Path ROOT = Path.of(System.getProperty("cutaway.root"));
    private static final int STEPS = 10;
    private static final float CLIP = 0.5f;
    private static final Optimizer.AdamW OTHERS = new Optimizer.AdamW(0.9, 0.999, 1e-8, 0.01);

    /** A graph of nothing but weights. */
    private static Graph graph(Checkpoint c) {
        GraphBuilder g = new GraphBuilder();
        for (String name : List.of("wide", "tall", "vector")) {
            long[] shape = c.require("start." + name).shape();
            List<Dim> dims = java.util.Arrays.stream(shape)
                    .mapToObj(d -> Dim.of("d", (int) d))
                    .toList();
            g.add(new Parameter(WeightSource.whole(name), dims));
        }
        return g.build();
    }

    private static void check(String name, Optimizer optimizer, double rate, double tolerance) {
        try (Checkpoint c = Checkpoint.open(ROOT.resolve("verification/train/optimizers.safetensors"));
                Pool pool = new Pool(2)) {
            Trained weights = Trained.copyOf(
                    graph(c), p -> c.require("start." + p.source().name()));
            Update update = new Update(weights, optimizer, Trainer.MATRICES, pool);
            int compared = 0;
            for (int step = 1; step <= STEPS; step++) {
                Map<Parameter, Tensor> gradients = new LinkedHashMap<>();
                for (Parameter p : weights.parameters()) {
                    Tensor all = c.require("gradient." + p.source().name());
                    gradients.put(p, all.row(step - 1));
                }
                update.apply(gradients, CLIP, step, rate);
                for (Parameter p : weights.parameters()) {
                    var want = c.tensor(name + "." + step + "." + p.source().name());
                    if (want.isPresent()) {
                        compared++;
                        close(p.source().name() + ", step " + step, weights.weight(p), want.get(), tolerance);
                    }
                }
            }
            assertThat(compared).isEqualTo(optimizer instanceof Optimizer.Muon ? 6 : 9);
        }
    }

    private static void close(String what, Tensor got, Tensor want, double tolerance) {
        double worst = 0;
        for (long i = 0; i < want.size(); i++) {
            double difference = Math.abs((double) got.get(i) - want.get(i));
            worst = Math.max(worst, difference / (1 + Math.abs(want.get(i))));
        }
        assertThat(worst).as(what).isLessThan(tolerance);
    }

    private static Optimizer.Muon muon(Adjust adjust, boolean nesterov) {
        try (Checkpoint c = Checkpoint.open(ROOT.resolve("verification/train/optimizers.safetensors"))) {
            Set<Parameter> matrices = graph(c).nodes().stream()
                    .map(n -> (Parameter) n.op())
                    .filter(Trainer.MATRICES)
                    .collect(Collectors.toSet());
            return new Optimizer.Muon(0.95, nesterov, 5, adjust, 0.1, matrices, OTHERS, 1);
        }
    }

    @Test
    void stepsAreThoseOfPyTorch() {
        check("sgd", new Optimizer.Sgd(0, 0), 0.1, 5e-7);
        check("momentum", new Optimizer.Sgd(0.9, 0), 0.1, 1e-6);
        check("adamw", Optimizer.AdamW.defaults(), 1e-2, 3e-7);
        check("adamw_betas", new Optimizer.AdamW(0.8, 0.95, 1e-6, 0.1), 3e-2, 5e-7);
        check("lion", new Optimizer.Lion(0.9, 0.99, 0.1), 1e-2, 3e-7);
    }

    @Test
    void muonIsThatOfPyTorch() {
        check("muon", muon(Adjust.ORIGINAL, true), 0.02, 2e-6);
        check("muon_rms", muon(Adjust.MATCH_RMS_ADAMW, true), 0.02, 2e-6);
        check("muon_spectral", muon(Adjust.SPECTRAL_UNCLAMPED, false), 0.02, 2e-6);
        // PyTorch rounds the iteration to bfloat16: each step differs by up to a hundredth of itself.
        check("bf16", muon(Adjust.ORIGINAL, true), 0.02, 2e-3);
    }

    @Test
    void muonIsForMatricesInsideBlocks() {
        try (Model m = Model.open(ROOT.resolve("verification/golden/models/gpt2"))) {
            Set<String> names = Optimizer.Muon.hidden(m.graph()).stream()
                    .map(p -> p.source().name())
                    .collect(Collectors.toSet());
            assertThat(names)
                    .contains("transformer.h.0.attn.c_attn.weight", "transformer.h.0.mlp.c_proj.weight")
                    .noneMatch(n -> n.contains("wte") || n.contains("wpe") || n.contains("ln_") || n.endsWith("bias"));
        }
        Optimizer.Muon muon = muon(Adjust.ORIGINAL, true);
        Parameter other = new Parameter(WeightSource.whole("other"), List.of(Dim.of("d", 3)));
        assertThat(muon.of(other)).isEqualTo(new Optimizer.Others(OTHERS, 1));
        assertThat(muon.of(muon.hidden().iterator().next())).isSameAs(muon);
    }

    /** Weights long enough to be cut into pieces, on one thread and on three. */
    @Test
    void threadsChangeNoBit() {
        GraphBuilder g = new GraphBuilder();
        g.add(new Parameter(WeightSource.whole("a"), List.of(Dim.of("r", 700), Dim.of("c", 301))));
        g.add(new Parameter(WeightSource.whole("b"), List.of(Dim.of("r", 7))));
        Graph graph = g.build();
        Map<Integer, Map<String, float[]>> results = new HashMap<>();
        double[] norms = new double[4];
        for (int threads : new int[] {1, 3}) {
            try (Pool pool = new Pool(threads)) {
                Trained weights = RandomWeights.of(graph, 1);
                Update update = new Update(weights, Optimizer.AdamW.defaults(), Trainer.MATRICES, pool);
                SplittableRandom r = new SplittableRandom(5);
                Averaged average = new Averaged(weights, 0.9, pool);
                for (int step = 1; step <= 3; step++) {
                    Map<Parameter, Tensor> gradients = new LinkedHashMap<>();
                    for (Parameter p : weights.parameters()) {
                        Tensor t = Tensor.zeros(weights.weight(p).shape());
                        for (long i = 0; i < t.size(); i++) {
                            t.set(i, (float) r.nextGaussian());
                        }
                        gradients.put(p, t);
                    }
                    norms[threads] = update.norm(gradients.values());
                    update.apply(gradients, 1, step, 1e-2);
                    average.step();
                }
                Map<String, float[]> all = new HashMap<>();
                for (Parameter p : weights.parameters()) {
                    all.put(p.source().name(), weights.weight(p).toFloats());
                    all.put("average of " + p.source().name(), average.weight(p).toFloats());
                }
                results.put(threads, all);
            }
        }
        assertThat(norms[1]).isEqualTo(norms[3]).isCloseTo(Math.sqrt(700 * 301 + 7), within(10.0));
        assertThat(results.get(1)).isNotNull().isNotEmpty();
        Objects.requireNonNull(results.get(1))
                .forEach((name, x) -> assertThat(
                                Objects.requireNonNull(results.get(3)).get(name))
                        .isEqualTo(x));
    }

    @Test
    void anAverageFollowsItsWeight() {
        GraphBuilder g = new GraphBuilder();
        Parameter p = new Parameter(WeightSource.whole("a"), List.of(Dim.of("r", 1)));
        g.add(p);
        Trained weights = Trained.copyOf(g.build(), k -> Tensor.of(new float[] {1}, 1));
        try (Pool pool = new Pool(1)) {
            Averaged average = new Averaged(weights, 0.75, pool);
            weights.weight(p).set(0, 2);
            average.step();
            assertThat(average.weight(p).get(0)).isEqualTo(1.25f);
            average.step();
            assertThat(average.weight(p).get(0)).isEqualTo(1.4375f);
            assertThatThrownBy(() -> new Averaged(weights, 1, pool))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("ema is 1.0");
        }
    }

    @Test
    void impossibleConstantsAreNamed() {
        assertThatThrownBy(() -> new Optimizer.Lion(0.9, 1.5, 0))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("optimizer.betas[1] is 1.5");
        assertThatThrownBy(() -> new Optimizer.Muon(0.9, true, 0, Adjust.ORIGINAL, 0, Set.of(), OTHERS, 1))
                .hasMessageContaining("optimizer.ns_steps is 0");
    }
}
