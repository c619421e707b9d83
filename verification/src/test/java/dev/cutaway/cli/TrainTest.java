package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@code train}: what it learns against a loop of torch and transformers ({@code verification/train/runs}), and what it leaves. */
class TrainTest {
    static final Path CASES = Command.GOLDEN.resolveSibling("train").resolve("runs");

    @TempDir
    private Path dir;

    /** A recipe over a case's batches that writes to {@code out}. */
    static ObjectNode recipe(String name, Path out) {
        try {
            ObjectNode r = ((ObjectNode) expected(name).get("recipe")).deepCopy();
            r.putObject("model").put("init", Command.model(name).toString());
            r.putObject("data")
                    .put("batches", CASES.resolve(name + ".safetensors").toString())
                    .put("order", "sequential");
            r.put("out", out.toString());
            r.put("seed", 1);
            return r;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static JsonNode expected(String name) throws IOException {
        return new ObjectMapper()
                .readTree(Files.readString(CASES.resolve("expected.json")))
                .get(name);
    }

    static Path write(Path file, JsonNode recipe) {
        try {
            return Files.writeString(file, recipe.toString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static List<JsonNode> log(Path file) {
        try {
            List<JsonNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                lines.add(new ObjectMapper().readTree(line));
            }
            return lines;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Command train(ObjectNode recipe, Object... more) {
        Path file = write(dir.resolve("recipe.json"), recipe);
        return Command.run(
                Stream.concat(Stream.of("train", file), Stream.of(more)).toArray());
    }

    private Command done(ObjectNode recipe, Object... more) {
        Command c = train(recipe, more);
        assertThat(c.code()).as(c.err()).isZero();
        return c;
    }

    @TestFactory
    List<DynamicTest> lossesAreTorchs() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        new ObjectMapper()
                .readTree(Files.readString(CASES.resolve("expected.json")))
                .fieldNames()
                .forEachRemaining(name -> tests.add(DynamicTest.dynamicTest(name, () -> compare(name))));
        assertThat(tests).hasSizeGreaterThan(8);
        return tests;
    }

    private void compare(String name) throws IOException {
        Path out = dir.resolve(name);
        done(recipe(name, out));
        JsonNode want = expected(name);
        List<JsonNode> lines = log(out.resolve("log.jsonl"));
        assertThat(lines).hasSize(want.get("loss").size());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            assertThat(line.properties().stream().map(Map.Entry::getKey))
                    .containsExactly("step", "loss", "grad_norm", "lr", "tokens_per_s");
            assertThat(line.get("step").asInt()).isEqualTo(i + 1);
            near("loss", i, line.get("loss").asDouble(), want.get("loss").get(i).asDouble(), 1e-4);
            near(
                    "grad_norm",
                    i,
                    line.get("grad_norm").asDouble(),
                    want.get("grad_norm").get(i).asDouble(),
                    1e-3);
            near("lr", i, line.get("lr").asDouble(), want.get("lr").get(i).asDouble(), 1e-9);
            assertThat(line.get("tokens_per_s").asDouble()).isPositive();
        }
        asTransformersKeepsIt(name, out);
        asTransformersKeepsIt(name, out.resolve("checkpoints/step-8"));
    }

    private static void near(String what, int step, double got, double want, double tolerance) {
        assertThat(got)
                .as("%s of step %d", what, step + 1)
                .isCloseTo(want, within(tolerance * Math.max(1e-12, Math.abs(want))));
    }

    /** The same tensors in the same shapes as in the checkpoint that transformers wrote, and other numbers in each. */
    private static void asTransformersKeepsIt(String name, Path written) throws IOException {
        try (Checkpoint before = Checkpoint.open(Command.model(name));
                Checkpoint after = Checkpoint.open(written)) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String tensor : before.names()) {
                Tensor a = before.require(tensor);
                Tensor b = after.require(tensor);
                assertThat(b.shape()).as(tensor).isEqualTo(a.shape());
                boolean shifted = tensor.endsWith("key.bias"); // of all scores of a row, which softmax does not see
                boolean same = java.util.Arrays.equals(a.toFloats(), b.toFloats());
                assertThat(same && !shifted).as(tensor).isFalse();
            }
        }
        JsonNode config = new ObjectMapper().readTree(Files.readString(written.resolve("config.json")));
        JsonNode own =
                new ObjectMapper().readTree(Files.readString(Command.model(name).resolve("config.json")));
        own.properties()
                .forEach(e -> assertThat(config.get(e.getKey())).as(e.getKey()).isEqualTo(e.getValue()));
        assertThat(Command.run("describe", written).code()).isZero();
    }

    @Test
    void aRunIsRefusedResumedOrOverwritten() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out).put("checkpoint_every", 2);
        done(recipe, "--set", "steps=8");
        List<JsonNode> whole = log(out.resolve("log.jsonl"));
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        assertThat(out.resolve("checkpoints").toFile().list((d, n) -> n.startsWith("step-")))
                .hasSizeBetween(2, 3)
                .contains("step-6", "step-8");
        train(recipe).failed(2, out.toString(), "--resume", "--overwrite");
        train(recipe, "--resume", "--overwrite").failed(2, "--resume");
        train(recipe, "--resume", "--set", "optimizer.lr=0.5").failed(2, "optimizer.lr", "0.5", "0.002");
        train(recipe, "--resume", "--set", "steps=9").failed(2, "steps", "9", "8");
        done(recipe, "--resume");
        assertThat(losses(log(out.resolve("log.jsonl")))).isEqualTo(losses(whole));
        done(recipe, "--overwrite", "--set", "seed=2");
        assertThat(losses(log(out.resolve("log.jsonl")))).isEqualTo(losses(whole));
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
    }

    private static List<String> losses(List<JsonNode> log) {
        return log.stream()
                .map(l -> l.get("step") + " " + l.get("loss") + " " + l.get("grad_norm") + " " + l.get("lr"))
                .toList();
    }

    @Test
    void whatWasWrittenAfterTheLastCheckpointIsDoneAgain() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("t5", out).put("checkpoint_every", 3).put("log", dir.resolve("l.jsonl") + "");
        done(recipe);
        List<JsonNode> whole = log(dir.resolve("l.jsonl"));
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        // As a process that was killed in step 8 leaves it.
        remove(out.resolve("checkpoints/step-8"));
        Files.createDirectory(out.resolve("checkpoints/.step-8.part"));
        Files.writeString(out.resolve("checkpoints/.step-8.part/model.safetensors"), "half");
        Files.writeString(
                dir.resolve("l.jsonl"),
                Files.readString(dir.resolve("l.jsonl")) + "{\"step\":9,\"lo",
                java.nio.file.StandardOpenOption.TRUNCATE_EXISTING);
        Files.delete(out.resolve("model.safetensors"));
        done(recipe, "--resume");
        assertThat(losses(log(dir.resolve("l.jsonl")))).isEqualTo(losses(whole));
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        assertThat(out.resolve("checkpoints/.step-8.part")).doesNotExist();
    }

    @Test
    void snapshotsAllStayAndAreNoMoreThanTheRunHasDone() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out).put("checkpoint_every", 4).put("snapshots_every", 3);
        done(recipe);
        List<String> all = List.of("step-0", "step-3", "step-6", "step-8");
        Path snapshots = out.resolve("snapshots");
        assertThat(snapshots.toFile().list()).containsExactlyInAnyOrderElementsOf(all);
        assertThat(snapshots.resolve("step-3").toFile().list())
                .contains("config.json", "model.safetensors")
                .doesNotContain("optimizer.safetensors", "state.json");
        asTransformersKeepsIt("gpt2", snapshots.resolve("step-6"));
        byte[] six = Files.readAllBytes(snapshots.resolve("step-6/model.safetensors"));
        assertThat(log(out.resolve("run.jsonl")).stream()
                        .filter(l -> l.get("event").asText().equals("snapshot"))
                        .map(l -> l.get("directory").asText()))
                .containsExactlyElementsOf(all);

        // As a process that was killed after step 6 leaves it: the last checkpoint is of step 4.
        remove(out.resolve("checkpoints/step-8"));
        remove(snapshots.resolve("step-8"));
        Files.createDirectory(snapshots.resolve(".step-8.part"));
        Files.writeString(snapshots.resolve("step-6/model.safetensors"), "of a run that went on differently");
        done(recipe, "--resume");
        assertThat(snapshots.toFile().list()).containsExactlyInAnyOrderElementsOf(all);
        assertThat(Files.readAllBytes(snapshots.resolve("step-6/model.safetensors")))
                .isEqualTo(six);

        done(recipe, "--overwrite", "--set", "snapshots_every=5");
        assertThat(snapshots.toFile().list()).containsExactlyInAnyOrder("step-0", "step-5", "step-8");
    }

    private static void remove(Path d) throws IOException {
        try (Stream<Path> files = Files.list(d)) {
            for (Path f : files.toList()) {
                Files.delete(f);
            }
        }
        Files.delete(d);
    }

    @Test
    void aNarrowTerminalGetsWhatMattersMost() {
        Path file = write(dir.resolve("recipe.json"), recipe("gpt2", dir.resolve("out")));
        for (int columns : new int[] {100, 60, 44, 26}) {
            Command c = Started.How.PLAIN
                    .onTerminals("2")
                    .with("COLUMNS", columns)
                    .run("train", file, "--overwrite", "--set", "steps=8");
            assertThat(c.code()).as(c.err()).isZero();
            List<String> bars = c.err()
                    .lines()
                    .flatMap(l -> Stream.of(l.split("\r")))
                    .filter(l -> l.contains("%"))
                    .map(String::strip)
                    .toList();
            assertThat(bars)
                    .isNotEmpty()
                    .allSatisfy(b -> assertThat(b)
                            .hasSizeLessThan(columns)
                            .containsPattern("[0-9]\\.[0-9]{4}.* \\[[#-]{6,24}] [0-9]+%")
                            .doesNotContain("..."));
            assertThat(String.join("", bars).contains("tokens/s")).isEqualTo(columns == 100);
            assertThat(String.join("", bars).contains("loss")).isEqualTo(columns > 26);
        }
    }

    @Test
    void samplesAreWholeAndTakeLittleRoom() {
        String sample = "step 5: The king |" + TrainProgress.compact(" said: \n\n\u001b[2JNo, \nnever. \n");
        assertThat(sample).isEqualTo("step 5: The king | said: ⏎⏎ [2JNo, ⏎ never. ⏎ ");
        String wrapped = TrainProgress.wrapped(sample, 24);
        assertThat(wrapped.lines())
                .hasSizeGreaterThan(2)
                .allSatisfy(l -> assertThat(l).hasSizeLessThan(24));
        assertThat(wrapped.replaceAll("\n {4}", " ")).isEqualTo(sample);
        assertThat(TrainProgress.wrapped("x".repeat(50), 24).replaceAll("\n {4}", ""))
                .isEqualTo("x".repeat(50));
        assertThat(TrainProgress.wrapped(sample, 0)).isEqualTo(sample);
    }

    @Test
    void resumingWhatNeverBeganBegins() throws IOException {
        Path out = dir.resolve("out");
        done(recipe("gpt2", out), "--resume", "--set", "steps=2");
        assertThat(log(out.resolve("log.jsonl"))).hasSize(2);
    }

    @Test
    void piecesGiveTheSameAsTheWhole() {
        Path a = dir.resolve("a");
        Path b = dir.resolve("b");
        done(recipe("bert-pretraining", a));
        done(recipe("bert-pretraining", b), "--set", "accumulate=3");
        List<JsonNode> one = log(a.resolve("log.jsonl"));
        List<JsonNode> three = log(b.resolve("log.jsonl"));
        for (int i = 0; i < one.size(); i++) {
            near(
                    "loss",
                    i,
                    three.get(i).get("loss").asDouble(),
                    one.get(i).get("loss").asDouble(),
                    1e-5);
        }
    }

    @Test
    void heldOutDataAreMeasuredAndTheBestKept() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out).put("checkpoint_every", 1);
        ((ObjectNode) recipe.get("optimizer")).put("lr", 5).put("clip", 0);
        recipe.putObject("valid").put("batches", CASES.resolve("llama.safetensors") + "");
        done(recipe, "--set", "schedule.name=constant", "--set", "schedule.warmup=0", "--set", "keep=best");
        List<JsonNode> valid = log(out.resolve("run.jsonl")).stream()
                .filter(e -> e.get("event").asText().equals("valid"))
                .toList();
        assertThat(valid).hasSize(8);
        JsonNode least = valid.getFirst();
        for (JsonNode v : valid) {
            least = v.get("loss").asDouble() < least.get("loss").asDouble() ? v : least;
        }
        int best = least.get("step").asInt();
        assertThat(best)
                .as("the rate is far too high, so that it gets worse: %s", valid)
                .isLessThan(7);
        assertThat(Files.readAllBytes(out.resolve("model.safetensors")))
                .isEqualTo(Files.readAllBytes(out.resolve("checkpoints/step-" + best + "/model.safetensors")));
        JsonNode manifest = new ObjectMapper().readTree(Files.readString(out.resolve("training.json")));
        assertThat(manifest.get("weights_of_step").asInt()).isEqualTo(best);
        assertThat(manifest.get("data_sha256").size()).isEqualTo(2);
        double own = Command.run("eval", out, "--json", "--text", "nothing").code();
        assertThat(own).isEqualTo(3);
    }

    @Test
    void frozenWeightsStay() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out);
        recipe.putArray("freeze").add("*wte*").add("*.h.0.*");
        done(recipe);
        try (Safetensors before = Safetensors.open(Command.model("gpt2").resolve("model.safetensors"));
                Safetensors after = Safetensors.open(out.resolve("model.safetensors"))) {
            for (String n : before.names()) {
                boolean same = java.util.Arrays.equals(
                        before.require(n).toFloats(), after.require(n).toFloats());
                assertThat(same).as(n).isEqualTo(n.contains("wte") || n.contains("h.0."));
            }
        }
        recipe.putArray("freeze").add("*wte.wait");
        train(recipe, "--overwrite").failed(2, "freeze", "*wte.wait", "transformer.wte.weight");
    }

    @Test
    void whatIsNotFiniteEndsTheRun() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out).put("checkpoint_every", 1);
        ((ObjectNode) recipe.get("optimizer")).put("lr", 1e30);
        ((ObjectNode) recipe.get("schedule")).put("name", "constant").put("warmup", 2);
        Command c = train(recipe);
        assertThat(c.code()).isEqualTo(3);
        assertThat(c.err().lines().filter(l -> l.startsWith("cutaway: "))).hasSize(1);
        int bad = log(out.resolve("log.jsonl")).size() + 1;
        assertThat(c.err()).contains("step " + bad);
        assertThat(Command.run("describe", out.resolve("checkpoints/step-" + (bad - 1)))
                        .code())
                .isZero();
    }

    @Test
    void recipesAreYamlToo() throws IOException {
        Path out = dir.resolve("out");
        Path file = Files.writeString(
                dir.resolve("r.yaml"), """
                # a comment
                model: {init: %s}
                data:
                  batches: %s
                batch: 2
                steps: 2
                optimizer: {lr: 1e-3, clip: 1}
                out: %s
                """.formatted(Command.model("gpt2"), CASES.resolve("gpt2.safetensors"), out));
        assertThat(Command.run("train", file).code()).isZero();
        JsonNode first = log(out.resolve("log.jsonl")).getFirst();
        assertThat(first.get("lr").asDouble()).isEqualTo(1e-3);
    }

    @Test
    void whatARecipeCannotSay() throws IOException {
        Path out = dir.resolve("out");
        ObjectNode recipe = recipe("gpt2", out);
        train(recipe, "--set", "optimiser.lr=1").failed(2, "optimiser", "optimizer");
        train(recipe, "--set", "optimizer.learning_rate=1").failed(2, "optimizer.learning_rate", "did you mean");
        train(recipe, "--set", "lr=1").failed(2, "lr", "optimizer.lr");
        train(recipe, "--set", "data.batchs=1").failed(2, "batchs", "batches");
        train(recipe, "--set", "steps=0").failed(2, "steps", "0", "whole number");
        train(recipe, "--set", "batch=1.5").failed(2, "batch", "1.5");
        train(recipe, "--set", "optimizer.lr=.nan").failed(2, "optimizer.lr");
        train(recipe, "--set", "optimizer.lr=fast").failed(2, "optimizer.lr", "fast");
        train(recipe, "--set", "objective=mask").failed(2, "objective", "masked");
        train(recipe, "--set", "objective=classify").failed(2, "objective", "next-token");
        train(recipe, "--set", "schedule.min_lr=1").failed(2, "schedule.min_lr");
        train(recipe, "--set", "steps").failed(2, "--set steps");
        train(recipe, "--set", "model.init=").failed(2, "model", "init", "architecture");
        train(recipe, "--set", "model.init=nowhere").failed(3, "nowhere");
        train(recipe, "--set", "data.batches=nowhere.safetensors").failed(3, "nowhere.safetensors");
        train(recipe, "--set", "samples.prompts=[a]").failed(2, "samples.prompts", "tokenizer");
        train(recipe, "--set", "out=" + Command.model("gpt2")).failed(2, "out");
        train(recipe, "--set", "log=" + CASES.resolve("gpt2.safetensors")).failed(3, "gpt2.safetensors", "log");
        Command.run("train").failed(2, "recipe");
        Command.run("train", dir.resolve("none.yaml")).failed(3, "none.yaml", "no such file");
        Command.run("train", Files.writeString(dir.resolve("bad.yaml"), "a: [1, 2\nb: {"))
                .failed(3, "bad.yaml", "line");
        Command.run("train", Files.writeString(dir.resolve("list.yaml"), "- 1")).failed(3, "list.yaml");
        Command.run("train", Files.writeString(dir.resolve("deep.yaml"), "a: " + "[".repeat(100_000)))
                .failed(3, "deep.yaml");
        StringBuilder bomb = new StringBuilder("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (char c = 'b'; c < 'j'; c++) {
            bomb.append(c).append(": &").append(c).append(" [");
            bomb.append(("*" + (char) (c - 1) + ",").repeat(9)).append("x]\n");
        }
        Command.run("train", Files.writeString(dir.resolve("bomb.yaml"), bomb)).failed(3, "bomb.yaml");
        assertThat(out).as("nothing is written before all is checked").doesNotExist();
    }

    @Test
    void sizesThatCannotBe() {
        ObjectNode recipe = recipe("gpt2", dir.resolve("out"));
        ObjectNode model = recipe.putObject("model").put("architecture", "gpt2").put("vocab_size", 97);
        model.put("n_embd", 20).put("n_head", 3).put("n_layer", 1).put("n_positions", 32);
        train(recipe).failed(3, "20", "3");
        model.put("n_head", 5).put("n_layers", 2);
        train(recipe).failed(2, "n_layers", "n_layer");
        model.remove("n_layers");
        model.put("n_embd", -5);
        train(recipe).failed(3, "n_embd", "-5");
        model.put("n_embd", 200_000).put("vocab_size", 10_000_000);
        train(recipe).failed(4, "MiB");
        model.put("n_embd", 20).put("vocab_size", 50);
        train(recipe).failed(3, "gpt2.safetensors", "input_ids");
        model.put("vocab_size", 97).put("n_positions", 4);
        train(recipe).failed(3, "gpt2.safetensors");
        recipe.putObject("model").put("architecture", "gpt3");
        train(recipe).failed(3, "gpt3", "gpt2");
    }

    @Test
    void keysAreListed() {
        Command c = Command.run("train", "--keys").done();
        assertThat(c.lines()).anyMatch(l -> l.startsWith("optimizer.lr ") && l.contains("1e-3"));
        assertThat(c.lines()).hasSizeGreaterThan(30);
    }

    @Test
    void aModelFromNothingThatSaysSomething() throws IOException {
        Path out = dir.resolve("out");
        Path words = Command.withWords("gpt2", dir.resolve("words"));
        ObjectNode recipe = recipe("gpt2", out).put("checkpoint_every", 4).put("tensorboard", dir.resolve("tb") + "");
        recipe.putObject("model")
                .put("architecture", "gpt2")
                .put("n_embd", 20)
                .put("n_head", 5)
                .put("n_layer", 2)
                .put("n_positions", 32);
        recipe.putObject("tokenizer")
                .put("file", words.resolve("tokenizer.json").toString());
        recipe.putObject("samples").put("max_tokens", 4).putArray("prompts").add("w7 w8");
        done(recipe);
        JsonNode config = new ObjectMapper().readTree(Files.readString(out.resolve("config.json")));
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("GPT2LMHeadModel");
        assertThat(config.get("vocab_size").asInt()).isEqualTo(97);
        List<JsonNode> samples = log(out.resolve("run.jsonl")).stream()
                .filter(e -> e.get("event").asText().equals("sample"))
                .toList();
        assertThat(samples).hasSize(2);
        String said = Command.run("run", out, "w7 w8", "--raw", "--temperature", 0, "--max-tokens", 4)
                .out();
        assertThat(said.strip())
                .isEqualTo(samples.getLast().get("text").asText().strip());
        assertThat(dir.resolve("tb").toFile().list()).hasSize(1);
    }

    /** The smallest recipe there is: words of twenty sentences, and a model of ten thousand numbers that has learnt them. */
    @Test
    void aTokenizerIsTrainedOnTheRunsOwnTexts() throws IOException {
        Path out = dir.resolve("fruit");
        ObjectNode r = new ObjectMapper().createObjectNode();
        r.putObject("model")
                .put("architecture", "gpt_neo")
                .put("hidden_size", 20)
                .put("num_layers", 2)
                .put("num_heads", 2)
                .put("max_position_embeddings", 12)
                .put("activation_function", "relu");
        r.putObject("tokenizer")
                .put("train", "words")
                .putArray("special_tokens")
                .add("<pad>")
                .add("<unk>");
        String corpus = Command.GOLDEN
                .resolve("../../data/toy/fruit-and-taste-train.txt")
                .normalize()
                .toString();
        r.putObject("data").put("text", corpus).put("lines", true);
        r.put("steps", 30).put("batch", 19).put("out", out.toString());
        r.putObject("optimizer").put("lr", 0.01);
        Command c = done(r);
        List<JsonNode> log = log(out.resolve("log.jsonl"));
        assertThat(log.getFirst().get("loss").asDouble()).isCloseTo(Math.log(19), within(0.05));
        assertThat(log.getLast().get("loss").asDouble()).as(c.err()).isLessThan(2);
        JsonNode ids = new ObjectMapper().readTree(Files.readString(out.resolve("tokenizer.json")));
        assertThat(ids.get("model").get("vocab")).hasSize(19); // 17 words
        Command run = Command.run("run", out, "i like", "--max-tokens", 3, "--temperature", 0);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("sour|sweet|juicy|spicy|the");
    }

    @Test
    void aTokenizerThatCannotBeTrainedIsSaid() {
        ObjectNode r = new ObjectMapper().createObjectNode();
        r.putObject("model").put("architecture", "gpt2");
        r.putObject("data").put("text", "nowhere.txt");
        r.put("steps", 1).put("out", dir.resolve("out").toString());
        r.putObject("tokenizer").put("train", "wordz");
        Command c = train(r);
        assertThat(c.code()).isEqualTo(2);
        assertThat(c.err()).contains("wordz").contains("words");
        r.putObject("tokenizer").put("train", "words").put("patern", "x");
        c = train(r);
        assertThat(c.code()).isEqualTo(2);
        assertThat(c.err()).contains("patern").contains("pattern");
        r.putObject("tokenizer").put("train", "words");
        c = train(r);
        assertThat(c.code()).isEqualTo(3);
        assertThat(c.err()).contains("nowhere.txt");
    }
}
