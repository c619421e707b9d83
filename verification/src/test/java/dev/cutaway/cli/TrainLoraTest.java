package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.model.format.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} with {@code lora}: what it learns against PEFT and torch ({@code verification/train/make_lora.py}), and what it leaves. */
class TrainLoraTest {
    private static final Path ADAPTERS = Command.GOLDEN.resolve("adapters");

    @TempDir
    private Path dir;

    private Command train(ObjectNode recipe, Object... more) {
        Path file = TrainTest.write(dir.resolve("recipe.json"), recipe);
        return Command.run(
                Stream.concat(Stream.of("train", file), Stream.of(more)).toArray());
    }

    private void done(ObjectNode recipe, Object... more) {
        Command c = train(recipe, more);
        assertThat(c.code()).as(c.err()).isZero();
    }

    private static ObjectNode recipe(String model, Path out) throws IOException {
        return TrainTest.recipe(model, out);
    }

    private static List<JsonNode> log(Path out) {
        return TrainTest.log(out.resolve("log.jsonl"));
    }

    private static List<String> losses(Path out) {
        return log(out).stream()
                .map(l -> l.get("step") + " " + l.get("loss") + " " + l.get("grad_norm"))
                .toList();
    }

    private static List<String> files(Path d) throws IOException {
        try (Stream<Path> all = Files.list(d)) {
            return all.map(p -> p.getFileName() + "").sorted().toList();
        }
    }

    private static void copy(Path from, Path to, String... names) throws IOException {
        Files.createDirectories(to);
        for (String n : names) {
            Files.copy(from.resolve(n), to.resolve(n));
        }
    }

    @TestFactory
    List<DynamicTest> lossesAreThoseOfPeft() throws IOException {
        JsonNode all = new ObjectMapper().readTree(Files.readString(TrainTest.CASES.resolveSibling("lora.json")));
        List<DynamicTest> tests = new ArrayList<>();
        all.get("cases")
                .properties()
                .forEach(e -> tests.add(DynamicTest.dynamicTest(
                        e.getKey(), () -> compare(e.getKey(), (ObjectNode) all.get("recipe"), e.getValue()))));
        assertThat(tests).hasSizeGreaterThan(3);
        return tests;
    }

    private void compare(String adapter, ObjectNode keys, JsonNode want) throws IOException {
        String model = want.get("model").asText();
        Path both = dir.resolve("both-" + adapter);
        copy(Command.model(model), both, "config.json", "model.safetensors");
        copy(ADAPTERS.resolve(adapter), both, "adapter_config.json", "adapter_model.safetensors");
        Path out = dir.resolve(adapter);
        ObjectNode r = keys.deepCopy().put("out", out.toString());
        r.putObject("model").put("init", both.toString());
        r.putObject("data")
                .put("batches", TrainTest.CASES.resolve(model + ".safetensors").toString());
        ((ObjectNode) r.get("data")).put("order", "sequential");
        train(r).failed(2, "lora", both.toString());
        r.putObject("lora");
        train(r, "--set", "lora.rank=77").failed(2, "lora.rank is 77", "adapter");
        done(r);
        List<JsonNode> lines = log(out);
        assertThat(lines).hasSize(want.get("loss").size());
        for (int i = 0; i < lines.size(); i++) {
            for (String what : List.of("loss", "grad_norm")) {
                double w = want.get(what).get(i).asDouble();
                assertThat(lines.get(i).get(what).asDouble())
                        .as("%s of step %d", what, i + 1)
                        .isCloseTo(w, within((what.equals("loss") ? 1e-4 : 1e-3) * w));
            }
        }
        JsonNode manifest = new ObjectMapper().readTree(Files.readString(out.resolve("training.json")));
        assertThat(manifest.get("parameters")).isEqualTo(want.get("parameters"));
        try (Safetensors before = Safetensors.open(both.resolve("adapter_model.safetensors"));
                Safetensors after = Safetensors.open(out.resolve("adapter_model.safetensors"))) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String n : before.names()) {
                assertThat(after.require(n).shape())
                        .as(n)
                        .isEqualTo(before.require(n).shape());
                assertThat(after.require(n).toFloats())
                        .as(n)
                        .isNotEqualTo(before.require(n).toFloats());
            }
        }
    }

    @Test
    void anAdapterIsLeftAndGoneOnFrom() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode r = recipe("llama", out).put("checkpoint_every", 2);
        r.putObject("lora")
                .put("rank", 2)
                .put("alpha", 4)
                .putArray("targets")
                .add("q_proj")
                .add("down_proj");
        done(r);
        assertThat(files(out))
                .containsExactly(
                        "adapter_config.json",
                        "adapter_model.safetensors",
                        "checkpoints",
                        "log.jsonl",
                        "run.json",
                        "run.jsonl",
                        "training.json");
        assertThat(files(out.resolve("checkpoints/step-8")))
                .containsExactly(
                        "adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors", "state.json");
        try (Safetensors a = Safetensors.open(out.resolve("adapter_model.safetensors"));
                Safetensors o = Safetensors.open(out.resolve("checkpoints/step-8/optimizer.safetensors"))) {
            assertThat(a.names()).hasSize(3 * 2 * 2).allMatch(n -> n.startsWith("base_model.model.model.layers."));
            assertThat(o.names())
                    .allMatch(n -> n.contains(".lora_"))
                    .hasSize(2 * a.names().size());
        }
        JsonNode config = new ObjectMapper().readTree(Files.readString(out.resolve("adapter_config.json")));
        assertThat(config.get("r").asInt()).isEqualTo(2);
        assertThat(config.get("lora_alpha").asDouble()).isEqualTo(4);
        assertThat(config.get("base_model_name_or_path").asText())
                .isEqualTo(Command.model("llama").toString());
        assertThat(Command.run("describe", out).code()).isZero();

        // As a process that was killed after step 7 leaves it.
        List<String> whole = losses(out);
        byte[] adapter = Files.readAllBytes(out.resolve("adapter_model.safetensors"));
        for (String f : files(out.resolve("checkpoints/step-8"))) {
            Files.delete(out.resolve("checkpoints/step-8").resolve(f));
        }
        Files.delete(out.resolve("checkpoints/step-8"));
        Files.delete(out.resolve("adapter_model.safetensors"));
        train(r, "--resume", "--set", "lora.alpha=5").failed(2, "lora.alpha", "5", "4");
        done(r, "--resume");
        assertThat(losses(out)).isEqualTo(whole);
        assertThat(Files.readAllBytes(out.resolve("adapter_model.safetensors"))).isEqualTo(adapter);

        // Another run begins where this one ended.
        ObjectNode next = recipe("llama", dir.resolve("next"));
        next.putObject("model").put("init", out.toString());
        next.putObject("lora");
        done(next, "--set", "steps=1", "schedule.warmup=0", "--set", "optimizer.lr=0");
        try (Safetensors a = Safetensors.open(out.resolve("adapter_model.safetensors"));
                Safetensors b = Safetensors.open(dir.resolve("next/adapter_model.safetensors"))) {
            for (String n : a.names()) {
                assertThat(b.require(n).toFloats()).as(n).isEqualTo(a.require(n).toFloats());
            }
        }
    }

    @Test
    void samplesAreTheAdaptedModels() throws IOException {
        Path out = dir.resolve("out");
        Path words = Command.withWords("gpt2", dir.resolve("words"));
        ObjectNode r = recipe("gpt2", out).put("tensorboard", dir.resolve("tb") + "");
        r.putObject("model").put("init", words.toString());
        ((ObjectNode) r.get("optimizer")).put("lr", 0.1);
        r.putObject("lora").put("targets", "all-linear");
        r.putObject("samples").put("max_tokens", 4).putArray("prompts").add("w7 w8");
        done(r);
        assertThat(dir.resolve("tb").toFile().list()).hasSize(1);
        assertThat(out.resolve("tokenizer.json")).exists();
        List<JsonNode> samples = TrainTest.log(out.resolve("run.jsonl")).stream()
                .filter(e -> e.get("event").asText().equals("sample"))
                .toList();
        List<Object> ask = List.of("--raw", "--temperature", 0, "--max-tokens", 4);
        String said = samples.getLast().get("text").asText().strip();
        assertThat(text(out, ask)).isEqualTo(said);
        assertThat(text(words, ask)).as("of the model alone").isNotEqualTo(said);
    }

    private static String text(Path model, List<Object> more) {
        Object[] args =
                Stream.concat(Stream.of("run", model, "w7 w8"), more.stream()).toArray();
        return Command.run(args).done().out().strip();
    }

    @Test
    void aNewHeadIsKeptWhole() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode r = recipe("bert-classes", out);
        r.putObject("model")
                .put("init", Command.model("bert-masked-word").toString())
                .put("num_labels", 3);
        r.putObject("lora").put("rank", 2).putArray("targets").add("query").add("value");
        done(r);
        try (Safetensors a = Safetensors.open(out.resolve("adapter_model.safetensors"))) {
            assertThat(a.names())
                    .contains("base_model.model.classifier.weight", "base_model.model.classifier.bias")
                    .anyMatch(n -> n.endsWith("query.lora_A.weight"));
        }
        JsonNode config = new ObjectMapper().readTree(Files.readString(out.resolve("adapter_config.json")));
        assertThat(config.get("modules_to_save").toString()).contains("classifier");
    }

    @Test
    void whatCannotBeAdapted() throws IOException {
        ObjectNode r = recipe("llama", dir.resolve("out"));
        r.putObject("lora").put("rank", 2).putArray("targets").add("q_proj").add("v_porj");
        Command c = train(r).failed(2, "v_porj", "did you mean v_proj?");
        assertThat(c.err().lines()).hasSize(1);
        train(r, "--set", "lora.targets=layers.1.self_attn.q_prj").failed(2, "model.layers.1.self_attn.q_proj");
        train(r, "--set", "lora.targets=.*q_prj").failed(2, ".*q_prj", "q_proj");
        train(r, "--set", "lora.targets=[]").failed(2, "lora.targets");
        train(r, "--set", "lora.targets=q_proj", "lora.modules_to_save=lm_hed").failed(2, "lm_hed", "lm_head");
        train(r, "--set", "lora.targets=q_proj", "freeze=['*.lora_*']").failed(2, "freeze");
        train(r, "--set", "lora.rank=0").failed(2, "lora.rank", "0");
        train(r, "--set", "lora=5").failed(2, "lora", "map");
        assertThat(dir.resolve("out")).doesNotExist();
    }

    @Test
    void severalPairsStandBehindOneSet() throws IOException {
        Path out = dir.resolve("out");
        Path file = TrainTest.write(dir.resolve("recipe.json"), recipe("gpt2", out));
        assertThat(Command.run("train", "--set", "steps=2", "batch=2", file, "--set", "optimizer.lr=0.5")
                        .code())
                .isZero();
        List<JsonNode> log = log(out);
        assertThat(log).hasSize(2);
        JsonNode run = new ObjectMapper()
                .readTree(Files.readString(out.resolve("run.json")))
                .get("keys");
        assertThat(run.get("batch").asInt()).isEqualTo(2);
        assertThat(run.get("optimizer").get("lr").asDouble()).isEqualTo(0.5);
        Command.run("train", file, "--set").failed(2, "--set");
        Command.run("train", file, "--overwrite", "--set", "steps=1", "batch").failed(2, "batch");
    }
}
