package dev.cutaway.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConverterTest {
    private static final Path GOLDEN = Path.of(System.getProperty("cutaway.root", ".."), "verification", "golden");

    @TempDir
    private Path directory;

    static List<String> ggufCases() throws IOException {
        return GgufModelTest.cases();
    }

    private Converter.Result convert(Path model, String to, String out) {
        return Converter.convert(model, to, directory.resolve(out), (_, _) -> {});
    }

    @ParameterizedTest
    @MethodSource("ggufCases")
    void writesWhatLlamaCppsConverterWrites(String name) {
        Converter.Result result = convert(GOLDEN.resolve("models/" + name), "f32", "out.gguf");
        assertThat(result.notes()).isEmpty();
        try (Gguf ours = Gguf.open(result.out());
                Gguf theirs = Gguf.open(GOLDEN.resolve("gguf/" + name + ".gguf"))) {
            assertThat(ours.names()).containsExactlyInAnyOrderElementsOf(theirs.names());
            for (String tensor : theirs.names()) {
                Tensor a = ours.require(tensor);
                Tensor b = theirs.require(tensor);
                assertThat(a.shape()).as(tensor).containsExactly(b.shape());
                for (long i = 0; i < b.size(); i++) {
                    assertThat(Math.abs(a.get(i) - b.get(i)))
                            .as(tensor)
                            .isLessThanOrEqualTo(tensor.startsWith("rope") ? 1e-5f : 0);
                }
            }
            Set<String> free = Set.of("general.file_type", "general.name");
            theirs.keys().values().forEach((key, value) -> {
                if (ours.keys().has(key) && !free.contains(key) && !key.startsWith("tokenizer.")) {
                    GgufValue own = ours.keys().values().getOrDefault(key, value);
                    assertThat(own.value()).as(key).isEqualTo(value.value());
                    assertThat(own.element()).as(key).isEqualTo(value.element());
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "gpt2-bare-names",
                "gpt_neox",
                "llama",
                "llama-bf16",
                "llama-rope-llama3",
                "mistral",
                "qwen2",
                "qwen3",
                "gemma2",
                "gemma3_text",
                "phi3-longrope",
                "olmo2",
                "bert-pooler",
                "t5",
                "t5-v1_1"
            })
    void comesBackAsItWent(String name) throws IOException {
        Path model = name.startsWith("t5") ? usual(GOLDEN.resolve("models/" + name)) : GOLDEN.resolve("models/" + name);
        Converter.Result there = convert(model, "f32", "there.gguf");
        Converter.Result back = convert(there.out(), "f32", "back");
        Set<String> notInGguf = Set.of("pooler.dense.weight", "pooler.dense.bias");
        try (Checkpoint before = Checkpoint.open(model);
                Checkpoint after = Checkpoint.open(back.out())) {
            for (String tensor : before.names()) {
                Tensor expected = before.require(tensor);
                boolean bare = after.entry(tensor).isEmpty() && name.endsWith("bare-names");
                String as = bare ? "transformer." + tensor : tensor;
                String stem = as.startsWith("bert.") ? as.substring(5) : as;
                if (notInGguf.contains(stem) || copied(stem, after)) {
                    continue;
                }
                Tensor found = after.require(stem);
                assertThat(found.shape()).as(tensor).containsExactly(expected.shape());
                float worst = name.startsWith("gemma") ? 2e-7f : 0;
                for (long i = 0; i < expected.size(); i++) {
                    assertThat(Math.abs(found.get(i) - expected.get(i)))
                            .as(tensor)
                            .isLessThanOrEqualTo(worst);
                }
            }
        }
        JsonNode config = JsonFiles.readIfThere(back.out().resolve("config.json"));
        JsonNode given = JsonFiles.readIfThere(model.resolve("config.json"));
        assertThat(config.path("model_type")).isEqualTo(given.path("model_type"));
        assertThat(config.has("conv1d_layout")).isFalse();
    }

    /** The model with T5's usual distance, as GGUF has no place for another. */
    private Path usual(Path model) throws IOException {
        assertThatThrownBy(() -> convert(model, "f32", "t5.gguf"))
                .hasMessageContaining("relative_attention_max_distance");
        Path copy = Files.createDirectory(directory.resolve("t5"));
        try (var files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        String config = Files.readString(copy.resolve("config.json"));
        Files.writeString(
                copy.resolve("config.json"),
                config.replaceAll("(\"relative_attention_max_distance\": *)\\d+", "$1 128"));
        return copy;
    }

    /** T5 keeps copies of its shared embedding, GPT-2 tables of masks. */
    private static boolean copied(String name, Checkpoint after) {
        return name.endsWith("embed_tokens.weight")
                        && after.entry("shared.weight").isPresent()
                || name.endsWith(".attn.bias")
                || (name.equals("lm_head.weight") && after.entry(name).isEmpty());
    }

    @Test
    void choosesTypesAsLlamaQuantizeDoes() {
        QuantPlan plan = QuantPlan.named("Q4_K_M");
        assertThat(plan.of("blk.0.ffn_down.weight", List.of(8L, 512L), true, 32))
                .isEqualTo(DType.Q6_K);
        assertThat(plan.of("blk.5.ffn_down.weight", List.of(8L, 512L), true, 32))
                .isEqualTo(DType.Q4_K);
        assertThat(plan.of("blk.5.ffn_down.weight", List.of(8L, 96L), true, 32)).isEqualTo(DType.Q5_0);
        assertThat(plan.of("blk.5.ffn_down.weight", List.of(8L, 33L), true, 32)).isEqualTo(DType.F16);
        assertThat(plan.of("token_embd.weight", List.of(8L, 512L), true, 32)).isEqualTo(DType.Q6_K);
        assertThat(plan.of("token_embd.weight", List.of(8L, 576L), true, 32)).isEqualTo(DType.Q8_0);
        assertThat(plan.of("token_embd.weight", List.of(8L, 512L), false, 32)).isEqualTo(DType.Q4_K);
        assertThat(plan.of("blk.5.attn_norm.weight", List.of(512L), false, 32)).isEqualTo(DType.F32);
        assertThat(plan.of("blk.5.attn_q.bias", List.of(512L), false, 32)).isEqualTo(DType.F32);
        assertThat(plan.of("enc.blk.0.attn_rel_b.weight", List.of(32L, 64L), false, 32))
                .isEqualTo(DType.F32);
        assertThat(plan.of("position_embd.weight", List.of(32L, 64L), false, 32))
                .isEqualTo(DType.F32);
        assertThat(QuantPlan.named("q8_0").of("output.weight", List.of(8L, 512L), false, 1))
                .isEqualTo(DType.Q8_0);
        assertThatThrownBy(() -> QuantPlan.named("q9_9"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("q9_9")
                .hasMessageContaining("q4_k_m");
    }

    @Test
    void quantisesTheSameWhetherInOnePieceOrMany() {
        Tensor large = Tensor.zeros(1200, 512); // more than two pieces
        java.util.Random random = new java.util.Random(5);
        for (long i = 0; i < large.size(); i++) {
            large.set(i, (float) random.nextGaussian());
        }
        Path file = directory.resolve("large.gguf");
        Map<String, GgufValue> keys = Map.of("general.architecture", GgufValue.of("llama"));
        GgufWriter.write(
                file,
                keys,
                List.of(
                        new StreamedTensor("q", DType.Q4_K, List.of(1200L, 512L), _ -> large),
                        new StreamedTensor("h", DType.F16, List.of(1200L, 512L), _ -> large)),
                _ -> {});
        try (Gguf read = Gguf.open(file)) {
            assertThat(read.require("q").data().mismatch(large.to(DType.Q4_K).data()))
                    .isEqualTo(-1);
            assertThat(read.require("h").data().mismatch(large.to(DType.F16).data()))
                    .isEqualTo(-1);
        }
    }

    @Test
    void requantisesAndTellsHowFarItIs() {
        Converter.Result f32 = convert(GOLDEN.resolve("models/llama"), "f32", "a.gguf");
        List<Long> told = new ArrayList<>();
        AtomicLong all = new AtomicLong();
        Converter.Result q8 = Converter.convert(f32.out(), "q8_0", directory.resolve("b.gguf"), (done, total) -> {
            told.add(done);
            all.set(total);
        });
        assertThat(told).isSorted().startsWith(0L).endsWith(all.get());
        assertThat(q8.bytes()).isLessThan(f32.bytes());
        try (Gguf a = Gguf.open(f32.out());
                Gguf b = Gguf.open(q8.out())) {
            Set<String> changed = Set.of("general.file_type");
            a.keys().values().forEach((key, value) -> {
                if (!changed.contains(key)) {
                    assertThat(b.keys()
                                    .values()
                                    .getOrDefault(key, GgufValue.of(0))
                                    .type())
                            .isEqualTo(value.type());
                }
            });
            assertThat(b.names()).containsExactlyElementsOf(a.names());
        }
        assertThatThrownBy(() -> convert(f32.out(), "q8_0", "a.gguf"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("is the model itself");
    }

    @Test
    void refusesWhatHasNoPlace() throws IOException {
        Path llama = GOLDEN.resolve("models/llama");
        assertThatThrownBy(() -> convert(llama, "q8_0", "dir")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> convert(GOLDEN.resolve("models/vit-classes"), "f16", "v.gguf"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("model_type is \"vit\"");
        Files.createDirectory(directory.resolve("full"));
        Files.writeString(directory.resolve("full/file"), "x");
        assertThatThrownBy(() -> convert(llama, "f16", "full"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("exists already");
        Path broken = Files.createDirectory(directory.resolve("broken"));
        Files.copy(llama.resolve("model.safetensors"), broken.resolve("model.safetensors"));
        Files.writeString(broken.resolve("config.json"), "{\"model_type\":\"llama\",\"hidden_size\":\"x\"}");
        assertThatThrownBy(() -> convert(broken, "f16", "b.gguf"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("config.json: key");
        try (var files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("full", "broken");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-rope-llama3", "gpt2", "gemma3_text", "phi3-longrope", "bert-pooler"})
    void mutatedConfigurationsNeverFailOtherwise(String name) throws IOException {
        Path model = Files.createDirectory(directory.resolve(name));
        Files.copy(GOLDEN.resolve("models/" + name + "/model.safetensors"), model.resolve("model.safetensors"));
        byte[] good = Files.readAllBytes(GOLDEN.resolve("models/" + name + "/config.json"));
        long seed = name.hashCode();
        java.util.Random random = new java.util.Random(seed);
        byte[] marks = "0123456789-.eE\"[]{},:tfn".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            for (int round = 0; round < 500; round++) {
                byte[] bad = good.clone();
                for (int k = 0; k <= random.nextInt(2); k++) {
                    bad[random.nextInt(bad.length)] = marks[random.nextInt(marks.length)];
                }
                Files.write(model.resolve("config.json"), bad);
                try {
                    HfToGguf source = new HfToGguf(model, checkpoint);
                    source.tensors(QuantPlan.named("f32"))
                            .forEach(t -> assertThat(
                                            t.source().apply(Arena.ofAuto()).size())
                                    .isNotNegative());
                    source.keys(QuantPlan.named("f32"));
                } catch (BadInputException e) {
                    assertThat(e.getMessage())
                            .as("seed %d round %d", seed, round)
                            .doesNotContain("\n");
                } catch (RuntimeException e) {
                    throw new AssertionError(
                            "seed " + seed + " round " + round + ": "
                                    + new String(bad, java.nio.charset.StandardCharsets.UTF_8),
                            e);
                }
            }
        }
    }

    @Test
    void rewritesADirectoryInAnotherFloatType() throws IOException {
        Converter.Result half = convert(GOLDEN.resolve("models/llama-tied-biased"), "bf16", "half");
        try (Checkpoint before = Checkpoint.open(GOLDEN.resolve("models/llama-tied-biased"));
                Checkpoint after = Checkpoint.open(half.out())) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
            for (String name : after.names()) {
                assertThat(after.require(name).dtype()).isEqualTo(DType.BF16);
                assertThat(after.require(name).toFloats())
                        .containsExactly(before.require(name).to(DType.BF16).toFloats());
            }
        }
        assertThat(JsonFiles.readIfThere(half.out().resolve("config.json"))
                        .path("torch_dtype")
                        .asText())
                .isEqualTo("bfloat16");
    }

    @Test
    void tokenizersComeBackAsTheyWent() throws IOException {
        Path model = Files.createDirectory(directory.resolve("model"));
        Files.copy(GOLDEN.resolve("models/llama/config.json"), model.resolve("config.json"));
        Files.copy(GOLDEN.resolve("models/llama/model.safetensors"), model.resolve("model.safetensors"));
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        List.of("a", "b", "\u0120", "ab", "\u0120ab").forEach(t -> vocabulary.put(t, vocabulary.size()));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put(
                "added_tokens",
                List.of(Map.of("id", 5, "content", "<s>", "special", true), Map.of("id", 6, "content", "x y")));
        json.put(
                "pre_tokenizer",
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true));
        json.put(
                "post_processor",
                Map.of(
                        "type",
                        "TemplateProcessing",
                        "single",
                        List.of(Map.of("SpecialToken", Map.of("id", "<s>")), Map.of())));
        json.put(
                "model", Map.of("type", "BPE", "vocab", vocabulary, "merges", List.of("a b", List.of("\u0120", "ab"))));
        Files.write(model.resolve("tokenizer.json"), JsonFiles.write(json));
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"bos_token\":{\"content\":\"<s>\"},\"chat_template\":[{\"name\":\"default\",\"template\":\"T\"}]}");
        Converter.Result gguf = convert(model, "f16", "t.gguf");
        try (Gguf read = Gguf.open(gguf.out())) {
            GgufMetadata keys = read.keys();
            assertThat(keys.string("tokenizer.ggml.model")).contains("gpt2");
            assertThat(keys.string("tokenizer.ggml.pre")).contains("gpt-2");
            assertThat(keys.strings("tokenizer.ggml.merges").orElseThrow()).containsExactly("a b", "\u0120 ab");
            assertThat(keys.strings("tokenizer.ggml.tokens").orElseThrow())
                    .startsWith("a", "b", "\u0120", "ab", "\u0120ab", "<s>", "x y", "[PAD7]");
            assertThat(keys.integers("tokenizer.ggml.token_type").orElseThrow()).startsWith(1, 1, 1, 1, 1, 3, 4, 5);
            assertThat(keys.integer("tokenizer.ggml.bos_token_id")).contains(5L);
            assertThat(keys.bool("tokenizer.ggml.add_bos_token")).contains(true);
            assertThat(keys.bool("tokenizer.ggml.add_eos_token")).contains(false);
            assertThat(keys.string("tokenizer.chat_template")).contains("T");
        }
        Converter.Result back = convert(gguf.out(), "f16", "back");
        JsonNode read = JsonFiles.readIfThere(back.out().resolve("tokenizer.json"));
        assertThat(read.path("model").path("vocab").path("\u0120ab").asInt()).isEqualTo(4);
        assertThat(read.path("model").path("merges").size()).isEqualTo(2);
        assertThat(read.path("added_tokens").size()).isEqualTo(2);
        assertThat(read.path("post_processor")
                        .path("single")
                        .path(0)
                        .path("SpecialToken")
                        .path("id")
                        .asText())
                .isEqualTo("<s>");
        json.put("pre_tokenizer", Map.of("type", "Whitespace"));
        Files.write(model.resolve("tokenizer.json"), JsonFiles.write(json));
        assertThatThrownBy(() -> convert(model, "f16", "u.gguf")).hasMessageContaining("pre_tokenizer");
    }
}
