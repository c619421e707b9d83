package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.text.join.Part;
import dev.cutaway.text.load.GgufTokenizer;
import dev.cutaway.text.pipeline.Encoder;
import dev.cutaway.text.pipeline.Pipeline;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The short cut of byte-level BPE gives the ids and offsets of the long way. */
class ShortCutTest {
    private static Map<String, Object> metadata(String pre) {
        JsonNode model = Golden.json(new String(Golden.bytes("bpe-gpt2.json.gz"), StandardCharsets.UTF_8))
                .get("model");
        String[] tokens = new String[model.get("vocab").size()];
        model.get("vocab").properties().forEach(e -> tokens[e.getValue().intValue()] = e.getKey());
        List<String> merges = new ArrayList<>();
        model.get("merges")
                .forEach(m -> merges.add(
                        m.isTextual()
                                ? m.textValue()
                                : m.get(0).textValue() + " " + m.get(1).textValue()));
        int[] types = new int[tokens.length];
        Arrays.fill(types, 1);
        types[0] = 3;
        types[7] = 4;
        for (int id = 0; id < tokens.length; id++) { // two bytes that are no token
            tokens[id] = tokens[id].equals("\u0104") || tokens[id].equals("\u0100") ? "none" + id : tokens[id];
        }
        return new HashMap<>(Map.of(
                "tokenizer.ggml.model", "gpt2",
                "tokenizer.ggml.pre", pre,
                "tokenizer.ggml.tokens", tokens,
                "tokenizer.ggml.token_type", types,
                "tokenizer.ggml.merges", merges));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "deepseek-v3", "falcon"})
    void equalsTheLongWay(String pre) {
        Pipeline pipeline = GgufTokenizer.read(metadata(pre), pre + ".gguf");
        Encoder encoder = new Encoder(pipeline);
        long seed = 5;
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            String text = dev.cutaway.text.normal.WellFormed.of(AwkwardText.of(random, 20));
            boolean special = random.nextBoolean();
            Part fast = encoder.encode(text, 0, special);
            Part slow = pipeline.encodeByTheSteps(text, 0, special);
            assertThat(fast.ids()).as("seed %d, round %d", seed, round).isEqualTo(slow.ids());
            assertThat(fast.starts()).as("seed %d, round %d", seed, round).isEqualTo(slow.starts());
            assertThat(fast.ends()).as("seed %d, round %d", seed, round).isEqualTo(slow.ends());
            assertThat(encoder.ids(text, special)).isEqualTo(slow.ids());
        }
    }

    @Test
    void isTakenUnlessAByteIsNoToken() {
        Tokenizer tokenizer = Tokenizers.fromGguf(metadata("smollm"), "m.gguf");
        String text = "word ".repeat(200_000);
        tokenizer.ids(text, EncodeOptions.TEXT);
        long begun = System.nanoTime();
        int[] ids = tokenizer.ids(text, EncodeOptions.TEXT);
        double shortWay = System.nanoTime() - begun;
        begun = System.nanoTime();
        int[] longer = tokenizer.ids(text + "\u0004", EncodeOptions.TEXT);
        double longWay = System.nanoTime() - begun;
        assertThat(Arrays.copyOf(longer, ids.length - 1)).isEqualTo(Arrays.copyOf(ids, ids.length - 1));
        assertThat(shortWay).isLessThan(longWay);
    }

    @Test
    void hugeWordsTakeNoQuadraticTime() {
        Tokenizer tokenizer = Tokenizers.fromGguf(metadata("llama-bpe"), "m.gguf");
        for (String unit : List.of("a", "ab", "\u4E2D", " ", "\n", "7", "=", "e\u0301", "\uD83D\uDE00")) {
            String text = unit.repeat(400_000 / unit.length());
            long begun = System.nanoTime();
            int[] ids = tokenizer.ids(text, EncodeOptions.BARE);
            assertThat((System.nanoTime() - begun) / 1e9).as(unit).isCloseTo(0, within(10.0));
            assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
        }
    }

    @Test
    void threadsDoNotDisturbEachOther() throws Exception {
        Tokenizer tokenizer = Tokenizers.fromGguf(metadata("qwen2"), "m.gguf");
        List<String> texts = new ArrayList<>();
        List<int[]> expected = new ArrayList<>();
        Random random = new Random(9);
        for (int i = 0; i < 2000; i++) {
            texts.add(AwkwardText.of(random, 30));
            expected.add(tokenizer.ids(texts.get(i), EncodeOptions.ALL));
        }
        List<Callable<Integer>> jobs = new ArrayList<>();
        for (int job = 0; job < 32; job++) {
            jobs.add(() -> {
                int wrong = 0;
                for (int i = 0; i < texts.size(); i++) {
                    wrong += Arrays.equals(tokenizer.ids(texts.get(i), EncodeOptions.ALL), expected.get(i)) ? 0 : 1;
                }
                return wrong;
            });
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var job : threads.invokeAll(jobs)) {
                assertThat(job.get()).isZero();
            }
        }
    }
}
