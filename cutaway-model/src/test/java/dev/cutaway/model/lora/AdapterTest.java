package dev.cutaway.model.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.AdapterChoice;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.Converter;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters made by PEFT ({@code verification/train/make_adapters.py}), and ours. */
class AdapterTest {
    private static final Path GOLDEN = Path.of(System.getProperty("cutaway.root"), "verification/golden");
    private static final Path ADAPTERS = GOLDEN.resolve("adapters");

    @TempDir
    private Path temporary;

    private static Model open(Path model, AdapterChoice... adapters) {
        return Model.open(
                model.toString(), OpenOptions.defaults().withThreads(2).withAdapters(List.of(adapters)));
    }

    private static int[] ids(Checkpoint expected) {
        Tensor t = expected.require("input_ids");
        int[] ids = new int[(int) t.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = t.getInt(i);
        }
        return ids;
    }

    /** Logits by the plan and by the definition. */
    private static void check(Model m, Checkpoint expected) {
        Tensor want = expected.require("logits");
        try (Session s = m.session()) {
            int[] ids = ids(expected);
            float[] run;
            if (m.family() == Family.ENCODER) {
                s.encode(
                        ids,
                        new int[ids.length],
                        java.util.stream.IntStream.range(0, ids.length).toArray());
                run = s.output("logits").toFloats();
            } else {
                run = s.appendAll(ids).toFloats();
            }
            close("run", run, want);
            close("look", s.look().value("logits").toFloats(), want);
        }
    }

    private static void close(String what, float[] got, Tensor want) {
        assertThat(got).hasSize((int) want.size());
        for (int i = 0; i < got.length; i++) {
            assertThat(Math.abs(got[i] - want.get(i)))
                    .as("%s, %d: %s, PEFT says %s", what, i, got[i], want.get(i))
                    .isLessThan(2e-5f);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt2-head", "llama", "llama-two", "neox", "bert-classes"})
    void logitsAreThoseOfPeft(String name) {
        Path adapter = ADAPTERS.resolve(name);
        try (Checkpoint expected = Checkpoint.open(adapter.resolve("expected.safetensors"))) {
            try (Model m = open(adapter)) { // alone: it says which model it belongs to
                check(m, expected);
            }
        }
    }

    @Test
    void severalAreAddedUp() {
        Path model = GOLDEN.resolve("models/llama");
        AdapterChoice one = new AdapterChoice(ADAPTERS.resolve("llama"), 1);
        AdapterChoice two = new AdapterChoice(ADAPTERS.resolve("llama-two"), 1);
        try (Checkpoint expected = Checkpoint.open(ADAPTERS.resolve("llama-sum.safetensors"));
                Model m = open(model, one, two)) {
            check(m, expected);
        }
        // Two halves of one are it.
        AdapterChoice half = new AdapterChoice(ADAPTERS.resolve("llama"), 0.5);
        try (Checkpoint expected = Checkpoint.open(ADAPTERS.resolve("llama/expected.safetensors"));
                Model m = open(model, half, half)) {
            check(m, expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "neox", "bert-classes"})
    void mergedWeightsGiveTheSame(String name) {
        Path merged = temporary.resolve(name);
        Path gguf = temporary.resolve(name + ".gguf");
        try (Adapter a = Adapter.open(ADAPTERS.resolve(name))) {
            Path base = ADAPTERS.resolve(name).resolve(a.base().orElseThrow());
            try (Model m = open(base)) {
                var change = Optional.of(Merging.of(m, List.of(new Lora.Given(a, 1))));
                Converter.convert(base, "f32", merged, (done, total) -> {}, change);
                if (m.hasTokenizer()) {
                    Converter.convert(base, "f32", gguf, (done, total) -> {}, change);
                }
            }
        }
        try (Checkpoint expected = Checkpoint.open(ADAPTERS.resolve(name).resolve("expected.safetensors"));
                Model m = open(merged)) {
            assertThat(m.graph().nodes().stream()
                            .filter(n -> n.op() instanceof Parameter p && Lora.adapts(p))
                            .count())
                    .isZero();
            check(m, expected);
        }
    }

    /** Writes a new adapter with random B, and reads it back. With -Dcutaway.adapters.out=DIR they stay there for PEFT. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "gpt_neox", "bert-classes", "t5"})
    void whatIsWrittenIsRead(String name) throws IOException {
        String kept = System.getProperty("cutaway.adapters.out", "");
        Path out = (kept.isEmpty() ? temporary : Path.of(kept)).resolve("ours-" + name);
        Path base = GOLDEN.resolve("models").resolve(name);
        LoraConfig.Targets targets = new LoraConfig.Targets.AllLinear();
        LoraConfig config = new LoraConfig(
                2,
                3,
                0.25,
                true,
                targets,
                name.equals("bert-classes") ? List.of("classifier") : List.of(),
                Map.of(),
                Map.of());
        Map<String, float[]> written = new HashMap<>();
        try (Model m = open(base)) {
            Lora lora = Lora.fresh(m.graph(), config);
            SplittableRandom r = new SplittableRandom(3);
            AdapterWriter.write(out, m, base.toString(), lora.graph(), config, p -> {
                Tensor t = lora.initial(p, 1, m::weight).widen();
                float[] x = t.toFloats();
                for (int i = 0; !p.source().name().contains("lora_A") && i < x.length; i++) {
                    x[i] += (float) (0.1 * r.nextGaussian());
                }
                written.put(p.toString(), x);
                return Tensor.of(x, t.shape());
            });
        }
        try (Adapter read = Adapter.open(out)) {
            assertThat(read.config().dropout()).isEqualTo(0.25);
        }
        try (Model m = open(out)) {
            int seen = 0;
            for (var n : m.graph().nodes()) {
                if (n.op() instanceof Parameter p && Lora.adapts(p)) {
                    seen++;
                    assertThat(m.weight(p).toFloats()).as(p.toString()).isEqualTo(written.get(p.toString()));
                }
            }
            assertThat(seen).isEqualTo(written.size()).isGreaterThan(6);
            if (m.family() != Family.ENCODER_DECODER) {
                int[] ids = {5, 9, 3, 17, 8};
                try (Session s = m.session()) {
                    if (m.family() == Family.ENCODER) {
                        s.encode(ids, new int[5], new int[] {0, 1, 2, 3, 4});
                    } else {
                        s.append(ids);
                    }
                    Tensor logits = s.look().value("logits");
                    long[] shape = m.family() == Family.ENCODER
                            ? new long[] {1, logits.size()}
                            : new long[] {1, 5, logits.size() / 5};
                    if (!kept.isEmpty()) {
                        SafetensorsWriter.write(
                                out.resolve("expected.safetensors"),
                                Map.of("input_ids", longs(ids), "logits", Tensor.of(logits.toFloats(), shape)));
                    }
                }
            }
        }
    }

    private static Tensor longs(int[] ids) {
        Tensor t = Tensor.zeros(dev.cutaway.tensor.DType.I64, 1, ids.length);
        for (int i = 0; i < ids.length; i++) {
            t.data().setAtIndex(java.lang.foreign.ValueLayout.JAVA_LONG, i, ids[i]);
        }
        return t;
    }

    @Test
    void aNewOneChangesNothingYet() {
        try (Model m = open(GOLDEN.resolve("models/gpt2"))) {
            Lora lora = Lora.fresh(m.graph(), LoraConfig.of(2, 4, new LoraConfig.Targets.Suffixes(List.of("c_attn"))));
            List<Parameter> own = lora.graph().nodes().stream()
                    .filter(n -> n.op() instanceof Parameter p && Lora.adapts(p))
                    .map(n -> (Parameter) n.op())
                    .toList();
            // One A and three parts of B (query, key, value) in each block.
            assertThat(own).hasSize(4 * m.sizes().layers());
            for (Parameter p : own) {
                Tensor first = lora.initial(p, 7, m::weight);
                boolean zero = p.source().name().contains("lora_B");
                float most = 0;
                for (long i = 0; i < first.size(); i++) {
                    most = Math.max(most, Math.abs(first.get(i)));
                }
                assertThat(most == 0).isEqualTo(zero);
                assertThat((double) most).isLessThan(1 / Math.sqrt(m.sizes().width()));
            }
        }
    }

    @Test
    void whatIsAskedForMustBeThere() {
        try (Model m = open(GOLDEN.resolve("models/llama"))) {
            assertThatThrownBy(() -> Lora.fresh(
                            m.graph(), LoraConfig.of(2, 4, new LoraConfig.Targets.Suffixes(List.of("q_prj")))))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("q_prj")
                    .hasMessageContaining("q_proj");
            LoraConfig saves = new LoraConfig(
                    2, 4, 0, false, new LoraConfig.Targets.AllLinear(), List.of("scorer"), Map.of(), Map.of());
            assertThatThrownBy(() -> Lora.fresh(m.graph(), saves)).hasMessageContaining("scorer");
            LoraConfig slow = LoraConfig.of(2, 4, LoraConfig.Targets.of("(.*)(.*)(.*)(.*)(.*)(.*)\\1\\2\\3\\4\\5Z"));
            assertThatThrownBy(() -> Lora.fresh(m.graph(), slow)).hasMessageContaining("takes too long");
        }
        assertThatThrownBy(() -> LoraConfig.of(0, 4, new LoraConfig.Targets.AllLinear()))
                .hasMessageContaining("lora.rank is 0");
        assertThatThrownBy(() -> AdapterChoice.parse("a=b")).hasMessageContaining("no number");
        assertThat(AdapterChoice.parse("a=0.5")).isEqualTo(new AdapterChoice(Path.of("a"), 0.5));
    }

    private Path broken(String config, Map<String, Tensor> tensors) throws IOException {
        Path d = Objects.requireNonNull(Files.createTempDirectory(temporary, "adapter"));
        Files.writeString(d.resolve(Adapter.CONFIG), config);
        SafetensorsWriter.write(d.resolve(Adapter.TENSORS), tensors);
        return d;
    }

    private void refused(String config, Map<String, Tensor> tensors, String... words) throws IOException {
        Path d = broken(config, tensors);
        Path model = GOLDEN.resolve("models/llama");
        assertThatThrownBy(() -> open(model, new AdapterChoice(d, 1)).close())
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(words);
    }

    @Test
    void brokenOnesAreRefusedInOneLine() throws IOException {
        String q = "base_model.model.model.layers.0.self_attn.q_proj.";
        Tensor a = Tensor.zeros(2, 24);
        Tensor b = Tensor.zeros(24, 2);
        String good = "{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4,\"target_modules\":[\"q_proj\"]}";
        refused("{", Map.of(q + "lora_A.weight", a), "adapter_config.json", "JSON");
        refused("{\"peft_type\":\"IA3\"}", Map.of(q + "lora_A.weight", a), "IA3");
        refused("{\"use_dora\":true}", Map.of(q + "lora_A.weight", a), "use_dora");
        refused("{\"r\":0}", Map.of(q + "lora_A.weight", a), "r is 0");
        refused("{\"r\":1000000000}", Map.of(q + "lora_A.weight", a), "r is 1000000000");
        refused(good, Map.of(q + "lora_A.weight", a), "no lora_B");
        refused(good, Map.of(q + "lora_B.weight", b), "no lora_A");
        refused(good, Map.of(q + "lora_A.weight", Tensor.zeros(3, 24), q + "lora_B.weight", b), "2 rows");
        refused(good, Map.of(q + "lora_A.weight", a, q + "lora_B.weight", Tensor.zeros(24, 3)), "2 columns");
        refused(good, Map.of(q + "lora_A.weight", Tensor.zeros(2, 5), q + "lora_B.weight", b), "shape [2, 5]");
        refused(good, Map.of(q + "lora_embedding_A", a), "kind that is not known");
        String other = "base_model.model.model.layers.77.self_attn.q_proj.";
        refused(good, Map.of(other + "lora_A.weight", a, other + "lora_B.weight", b), "layers.77", "another model");
        refused(good, Map.of("base_model.model.nothing.weight", a), "nothing", "another model");
        Path d = broken(good, Map.of(q + "lora_A.weight", a));
        Files.delete(d.resolve(Adapter.TENSORS));
        assertThatThrownBy(() -> Adapter.open(d)).hasMessageContaining("holds no adapter_model.safetensors");
        assertThatThrownBy(() -> open(d)).hasMessageContaining("base_model_name_or_path is missing");
    }
}
