package dev.cutaway.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that llama.cpp's converter wrote, shown as Hugging Face models, against the models they were made of. */
final class GgufModelTest {
    private static final Path GOLDEN = Path.of(System.getProperty("cutaway.root", ".."), "verification", "golden");

    static List<String> cases() throws IOException {
        try (var files = Files.list(GOLDEN.resolve("gguf"))) {
            return files.map(f -> f.getFileName().toString().replace(".gguf", ""))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesBackTheTensorsOfTheModel(String name) {
        try (GgufModel gguf = GgufModel.open(GOLDEN.resolve("gguf/" + name + ".gguf"));
                Checkpoint model = Checkpoint.open(GOLDEN.resolve("models/" + name))) {
            List<String> expected = new ArrayList<>(model.names());
            if (Boolean.TRUE.equals(gguf.config().get("tie_word_embeddings"))) {
                expected.remove("lm_head.weight");
            }
            assertThat(gguf.names()).containsExactlyInAnyOrderElementsOf(expected);
            for (String tensor : expected) {
                Tensor ours = gguf.require(tensor);
                Tensor theirs = model.require(tensor);
                assertThat(ours.shape()).as(tensor).containsExactly(theirs.shape());
                float worst = tensor.endsWith("norm.weight") ? 1e-6f : 0;
                for (long i = 0; i < theirs.size(); i++) {
                    assertThat(Math.abs(ours.get(i) - theirs.get(i))).as(tensor).isLessThanOrEqualTo(worst);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesBackTheConfiguration(String name) throws IOException {
        JsonNode theirs =
                new ObjectMapper().readTree(Files.readAllBytes(GOLDEN.resolve("models/" + name + "/config.json")));
        try (GgufModel gguf = GgufModel.open(GOLDEN.resolve("gguf/" + name + ".gguf"))) {
            JsonNode ours = new ObjectMapper().valueToTree(gguf.config());
            List<String> same = new ArrayList<>(List.of(
                    "model_type",
                    "hidden_size",
                    "num_hidden_layers",
                    "num_attention_heads",
                    "num_key_value_heads",
                    "intermediate_size",
                    "rms_norm_eps",
                    "layer_norm_eps",
                    "max_position_embeddings",
                    "vocab_size",
                    "tie_word_embeddings",
                    "final_logit_softcapping",
                    "attn_logit_softcapping",
                    "query_pre_attn_scalar",
                    "hidden_activation",
                    "rope_local_base_freq",
                    "layer_types",
                    "use_parallel_residual",
                    "attention_bias"));
            same.removeIf(key -> !theirs.has(key) || theirs.get(key).isNull());
            if (!name.startsWith("gemma")) {
                same.remove("layer_types");
            }
            for (String key : same) {
                assertThat(plain(ours.path(key))).as("%s of %s", key, name).isEqualTo(plain(theirs.get(key)));
            }
            JsonNode rope = theirs.path(theirs.has("rope_scaling") ? "rope_scaling" : "rope_parameters");
            if (rope.has("rope_theta")) {
                String key = name.startsWith("gpt_neox") ? "rotary_emb_base" : "rope_theta";
                assertThat(ours.path(key).asDouble())
                        .isEqualTo(rope.path("rope_theta").asDouble());
            }
            scalingAgrees(ours.path("rope_scaling"), rope);
        }
    }

    /** Numbers compare by value: 1 is 1.0. */
    private static Object plain(JsonNode node) {
        return node.isNumber() ? (Object) node.asDouble() : node.toString();
    }

    private static void scalingAgrees(JsonNode ours, JsonNode theirs) {
        String type = theirs.path("rope_type").asText("default");
        assertThat(ours.path("rope_type").asText("default")).isEqualTo(type);
        for (String key :
                List.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")) {
            if (theirs.has(key) && !type.equals("longrope")) {
                assertThat(ours.path(key).asDouble())
                        .as(key)
                        .isEqualTo(theirs.get(key).asDouble());
            }
        }
        for (String key : List.of("long_factor", "short_factor")) {
            for (int i = 0; i < theirs.path(key).size(); i++) {
                assertThat((float) ours.path(key).path(i).asDouble())
                        .isEqualTo((float) theirs.path(key).path(i).asDouble());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void mutatedFilesNeverFailOtherwise(String name) throws IOException {
        byte[] good = Files.readAllBytes(GOLDEN.resolve("gguf/" + name + ".gguf"));
        long seed = name.hashCode();
        java.util.Random random = new java.util.Random(seed);
        Path file = directory.resolve("mutated.gguf");
        for (int round = 0; round < 300; round++) {
            byte[] bad = good.clone();
            for (int k = 0; k <= random.nextInt(3); k++) {
                bad[random.nextInt(12_000)] = (byte) (random.nextInt(3) > 0 ? random.nextInt(256) : 255);
            }
            Files.write(file, bad);
            try (GgufModel m = GgufModel.open(file)) {
                m.names().forEach(m::require);
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("seed %d round %d", seed, round).doesNotContain("\n");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
        }
    }

    @Test
    void theOffsetOfAnElementPointsAtIt() throws IOException {
        Path file = GOLDEN.resolve("gguf/llama.gguf");
        byte[] bytes = Files.readAllBytes(file);
        try (GgufModel gguf = GgufModel.open(file)) {
            String name = "model.layers.0.self_attn.q_proj.weight";
            Tensor q = gguf.require(name);
            var buffer = java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            for (long i = 0; i < q.size(); i += 7) {
                long at = gguf.elementOffset(name, i);
                float there = switch (q.dtype()) {
                    case F32 -> buffer.getFloat((int) at);
                    case F16 -> Float.float16ToFloat(buffer.getShort((int) at));
                    default -> Float.intBitsToFloat(buffer.getShort((int) at) << 16);
                };
                assertThat(there).isEqualTo(q.get(i));
            }
        }
    }

    @TempDir
    private Path directory;

    private Map<String, GgufValue> keys(String architecture) {
        Map<String, GgufValue> keys = new LinkedHashMap<>();
        keys.put("general.architecture", GgufValue.of(architecture));
        for (String key : List.of("embedding_length", "attention.head_count", "feed_forward_length")) {
            keys.put(architecture + "." + key, GgufValue.of(2));
        }
        keys.put(architecture + ".block_count", GgufValue.of(1));
        keys.put(architecture + ".context_length", GgufValue.of(8));
        return keys;
    }

    private void refused(Map<String, GgufValue> keys, Map<String, Tensor> tensors, String... parts) {
        Path file = directory.resolve("m.gguf");
        GgufWriter.write(file, keys, tensors);
        assertThatThrownBy(() -> {
                    try (GgufModel m = GgufModel.open(file)) {
                        m.names().forEach(m::require);
                    }
                })
                .isInstanceOf(BadInputException.class)
                .satisfies(e -> {
                    for (String part : parts) {
                        assertThat(e.getMessage()).contains(part).doesNotContain("\n");
                    }
                });
    }

    @Test
    void saysWhatIsWrongWithTheMetadata() {
        Map<String, Tensor> embedding = Map.of("token_embd.weight", Tensor.zeros(4, 2));
        refused(keys("mamba"), embedding, "general.architecture is mamba", "llama", "t5");
        refused(Map.of(), embedding, "general.architecture is missing");
        for (String key : keys("llama").keySet()) {
            Map<String, GgufValue> less = keys("llama");
            less.remove(key);
            refused(less, embedding, key + " is missing");
            Map<String, GgufValue> other = keys("llama");
            other.put(key, GgufValue.of(new float[] {1}));
            refused(other, embedding, key + " is [1.0]");
        }
        refused(keys("llama"), Map.of("x", Tensor.zeros(1)), "token_embd.weight is missing");
        Map<String, GgufValue> zero = keys("llama");
        zero.put("llama.attention.head_count", GgufValue.of(0));
        refused(zero, embedding, "llama.attention.head_count is 0");
        Map<String, GgufValue> uneven = keys("llama");
        uneven.put("llama.attention.head_count", GgufValue.of(new int[] {1, 2}));
        refused(uneven, embedding, "differs between blocks");
        Map<String, GgufValue> deep = keys("gemma3");
        deep.put("gemma3.block_count", GgufValue.of(Integer.MAX_VALUE));
        refused(deep, embedding, "gemma3.block_count is 2147483647");
        Map<String, GgufValue> wide = keys("llama");
        wide.put("llama.attention.key_length", new GgufValue(GgufType.UINT64, GgufType.UINT64, 1L << 40));
        refused(wide, embedding, "llama.attention.key_length is 1099511627776");
        Map<String, GgufValue> experts = keys("llama");
        experts.put("llama.expert_count", GgufValue.of(8));
        refused(experts, embedding, "experts");
        Map<String, GgufValue> heads = keys("llama");
        heads.put("llama.attention.key_length", GgufValue.of(6));
        refused(
                heads,
                Map.of("token_embd.weight", Tensor.zeros(4, 2), "blk.0.attn_q.weight", Tensor.zeros(4, 2)),
                "blk.0.attn_q.weight has 4 rows");
    }
}
