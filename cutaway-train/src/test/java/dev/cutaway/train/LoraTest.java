package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Config;
import dev.cutaway.model.Model;
import dev.cutaway.model.format.Converter;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.model.lora.LoraConfig;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients of adapters: by plan as by the definition, over plain and quantised models. */
class LoraTest {
    private static final Path MODELS = Path.of(System.getProperty("cutaway.root"), "verification/golden/models");

    @TempDir
    private Path dir;

    private static List<Example> batch() {
        SplittableRandom r = new SplittableRandom(4);
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            out.add(Example.nextToken(r.ints(5 + 3 * i, 3, 97).toArray()));
        }
        return out;
    }

    private static Lora lora(Model m) {
        return Lora.fresh(m.graph(), LoraConfig.of(3, 7, new LoraConfig.Targets.AllLinear()));
    }

    /** With B begun at random numbers, since a B of zeros would hide what A gets. */
    private static Trained begun(Lora lora, Model m) {
        SplittableRandom r = new SplittableRandom(3);
        return Trained.copyOf(
                lora.graph(),
                p -> {
                    if (!Lora.adapts(p)) {
                        return m.weight(p);
                    }
                    float[] x = lora.initial(p, 1, m::weight).toFloats();
                    for (int i = 0; p.source().name().contains("lora_B") && i < x.length; i++) {
                        x[i] = (float) (0.1 * r.nextGaussian());
                    }
                    return Tensor.of(x, lora.initial(p, 1, m::weight).shape());
                },
                Lora::adapts);
    }

    private static Objective objective(Lora lora) {
        return Objective.of(lora.graph(), List.of(new Objective.Part("logits", Objective.LABELS, 0)), Lora::adapts);
    }

    private static void agree(Map<Parameter, Tensor> got, Map<Parameter, Tensor> want) {
        assertThat(got.keySet()).isEqualTo(want.keySet()).hasSizeGreaterThan(10).allMatch(Lora::adapts);
        want.forEach((p, t) -> {
            float[] a = Objects.requireNonNull(got.get(p)).toFloats();
            float[] b = t.toFloats();
            double norm = 0;
            double off = 0;
            for (int i = 0; i < a.length; i++) {
                norm += (double) b[i] * b[i];
                off += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
            }
            assertThat(norm).as(p.source().name()).isPositive();
            assertThat(Math.sqrt(off / norm)).as(p.source().name()).isLessThan(2e-5);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "gpt_neox"})
    void planAndDefinitionAgree(String name) {
        try (Model m = Model.open(MODELS.resolve(name));
                Pool pool = new Pool(2)) {
            Lora lora = lora(m);
            Objective o = objective(lora);
            Trained w = begun(lora, m);
            assertThat(w.parameters()).allMatch(Lora::adapts);
            try (Planned p = new Planned(o, w, pool, false)) {
                var want = new Backward(o, w).of(batch());
                var got = p.of(batch());
                assertThat(got.loss()).isCloseTo(want.loss(), org.assertj.core.api.Assertions.within(1e-5));
                agree(got.gradients(), want.gradients());
            }
        }
    }

    /** What enters A is dropped, nothing else: with a B of zeros the loss stays what it was. */
    @Test
    void dropoutIsOfWhatEntersTheAdapter() {
        try (Model m = Model.open(MODELS.resolve("gpt2"));
                Pool pool = new Pool(2)) {
            Lora lora = lora(m);
            Graph dropping = Dropouts.inAdapters(lora.graph(), 0.3);
            Objective o =
                    Objective.of(dropping, List.of(new Objective.Part("logits", Objective.LABELS, 0)), Lora::adapts);
            Objective plain = objective(lora);
            List<Example> seeded = Dropouts.seeded(batch(), 5, 3);
            Trained w = begun(lora, m);
            try (Planned p = new Planned(o, w, pool, false)) {
                var want = new Backward(o, w).of(seeded);
                var got = p.of(seeded);
                assertThat(got.loss()).isCloseTo(want.loss(), org.assertj.core.api.Assertions.within(1e-5));
                agree(got.gradients(), want.gradients());
                double whole = new Backward(plain, w).of(batch()).loss();
                assertThat(got.loss()).isNotCloseTo(whole, org.assertj.core.api.Assertions.within(1e-4));
                assertThat(p.of(batch()).loss()).isCloseTo(whole, org.assertj.core.api.Assertions.within(1e-5));
            }
            Trained zeros = Trained.copyOf(lora.graph(), q -> lora.initial(q, 1, m::weight), Lora::adapts);
            try (Planned p = new Planned(o, zeros, pool, false)) {
                assertThat(p.of(seeded).loss()).isEqualTo(p.of(batch()).loss());
            }
        }
    }

    /** Query, key and value are one module in GPT-2: one A, and what enters it is dropped once. */
    @Test
    void aModuleDropsTheSameInAllItsProducts() {
        try (Model m = Model.open(MODELS.resolve("gpt2"))) {
            Graph g = Dropouts.inAdapters(lora(m).graph(), 0.3);
            Map<String, Set<Integer>> sites = new HashMap<>();
            for (Node n : g.nodes()) {
                if (n.op() instanceof Linear
                        && n.in().get(1).node().op() instanceof Parameter p
                        && p.source().name().contains("lora_A")) {
                    Dropout d = (Dropout) n.in().getFirst().node().op();
                    sites.computeIfAbsent(p.source().name(), k -> new HashSet<>())
                            .add(d.site());
                }
            }
            assertThat(sites).hasSizeGreaterThan(4);
            assertThat(sites.values()).allMatch(s -> s.size() == 1);
            assertThat(sites.values().stream().flatMap(Set::stream).distinct()).hasSameSizeAs(sites.keySet());
        }
    }

    @Test
    void overAQuantisedModel() throws IOException {
        // The golden model's widths are no multiples of a block's 32.
        Path source = MODELS.resolve("llama/config.json");
        Map<String, Object> fields = new LinkedHashMap<>(
                new ObjectMapper().readValue(source.toFile(), new TypeReference<Map<String, Object>>() {}));
        fields.putAll(Map.of("hidden_size", 64, "intermediate_size", 96, "head_dim", 16));
        Files.writeString(dir.resolve("config.json"), new ObjectMapper().writeValueAsString(fields));
        try (Blueprint b = Blueprint.of(new Config("config.json", fields))) {
            b.write(dir.resolve("model.safetensors"), p -> b.weight(p, 5));
        }
        Path gguf = dir.resolve("llama.gguf");
        Converter.convert(dir, "q8_0", gguf, (done, total) -> {}, Optional.empty());
        try (Model m = Model.open(gguf.toString());
                Pool pool = new Pool(2)) {
            Lora lora = lora(m);
            Objective o = objective(lora);
            Trained w = begun(lora, m);
            assertThat(lora.graph().nodes().stream()
                            .filter(n ->
                                    n.op() instanceof Parameter p && w.weight(p).dtype() == DType.Q8_0)
                            .count())
                    .as("matrices that are quantised")
                    .isPositive();
            Trained widened = Trained.copyOf(
                    lora.graph(),
                    p -> Tensor.of(w.weight(p).toFloats(), w.weight(p).shape()),
                    Lora::adapts);
            try (Planned p = new Planned(o, w, pool, false)) {
                agree(
                        p.of(batch()).gradients(),
                        new Backward(o, widened).of(batch()).gradients());
                Trainer t = new Trainer(
                        p,
                        new Update(w, Optimizer.AdamW.defaults(), Trainer.MATRICES, pool),
                        Schedule.constant(),
                        1e-2,
                        0);
                double last = Double.MAX_VALUE;
                for (int i = 0; i < 3; i++) {
                    double loss = t.step(batch()).loss();
                    assertThat(loss).isLessThan(last);
                    last = loss;
                }
            }
        }
    }
}
