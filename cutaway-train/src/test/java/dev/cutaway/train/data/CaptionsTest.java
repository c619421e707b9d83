package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.input;
import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizers;
import dev.cutaway.train.Example;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images with words about them. */
class CaptionsTest {
    /** 4 x 4 pixels of (200, 0, 0). */
    private static final String RED_PNG =
            "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGM8wYAATAxEcQAo3ADQQD5s4QAAAABJRU" + "5ErkJggg==";

    private static final int W0 = Toy.WORDS;

    @TempDir
    private Path folder;

    @BeforeEach
    void files() throws IOException {
        byte[] levels = new byte[3 * 16];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) (10 * (i / 16) + i % 16);
        }
        idx("images", levels, 3, 4, 4);
        idx("labels", new byte[] {1, 0, 1}, 3);
        Files.write(folder.resolve("red.png"), Base64.getDecoder().decode(RED_PNG));
    }

    private void idx(String name, byte[] data, int... dims) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
        b.put(new byte[] {0, 0, 8, (byte) dims.length});
        for (int d : dims) {
            b.putInt(d);
        }
        Files.write(folder.resolve(name), b.put(data).array());
    }

    private DataContext context(String type, int context) {
        Map<String, Object> config = new LinkedHashMap<>(
                Map.of("model_type", type, "image_size", 4, "patch_size", 4, "num_channels", 1, "num_labels", 2));
        Toy.words(folder, 9);
        Toy.write(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\":\"[CLS]\",\"eos_token\":\"<end>\",\"unk_token\":\"<unk>\"}");
        return Toy.context(Family.DECODER, Tokenizers.load(folder), 3, context, config);
    }

    private Map<String, Object> classes() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("dir", folder.toString());
        data.put("images", "images");
        data.put("labels", "labels");
        data.put("classes", List.of("w5 w6", "w7"));
        data.put("templates", List.of("w0 {class}", "{class} w1 w2"));
        data.put("order", "sequential");
        return data;
    }

    @Test
    void onlyWordsAreLearntAndOneTemplateOfSeveralIsDrawn() {
        Batches b = DataSource.of(classes(), "next-token", context("captioner", 16));
        Set<List<Integer>> said = new HashSet<>();
        for (int step = 1; step <= 20; step++) {
            Example e = b.batch(step).get(1); // of class 0
            int[] tokens = input(e, "tokens");
            int[] types = input(e, "token_type_ids");
            int[] labels = labels(e);
            assertThat(types).startsWith(0, 1).endsWith(1);
            assertThat(labels[0]).as("of the patch").isEqualTo(-100);
            assertThat(labels[labels.length - 1]).isEqualTo(Toy.END);
            assertThat(tokens[1]).isEqualTo(Toy.CLS);
            List<Integer> words = new ArrayList<>();
            for (int i = 1; i < labels.length - 1; i++) {
                assertThat(labels[i]).as("each word predicts the next").isEqualTo(tokens[i + 1]);
                words.add(labels[i]);
            }
            said.add(words);
            float[] pixels = Objects.requireNonNull(e.inputs().get("patches")).toFloats();
            assertThat(pixels).hasSize(16 * tokens.length);
            assertThat(pixels[3]).isCloseTo((13 / 255f - 0.5f) / 0.5f, org.assertj.core.api.Assertions.within(1e-6f));
            assertThat(pixels[16]).as("behind the image").isZero();
        }
        assertThat(said)
                .containsExactlyInAnyOrder(List.of(W0, W0 + 5, W0 + 6), List.of(W0 + 5, W0 + 6, W0 + 1, W0 + 2));
        assertThat(input(b.batch(2).getFirst(), "tokens"))
                .isEqualTo(input(b.batch(2).getFirst(), "tokens"));
    }

    @Test
    void captionsOfTheirOwn() throws IOException {
        Files.writeString(folder.resolve("all.jsonl"), """
                {"image": "red.png", "caption": "w3 w4"}
                {"image": "none.png", "caption": "w3"}
                {"image": "red.png", "caption": " "}
                {"image": "red.png", "caption": "w1 w2 w3 w4 w5 w6"}
                """);
        Map<String, Object> data =
                Map.of("captions", folder.resolve("all.jsonl").toString(), "order", "sequential");
        Batches b = DataSource.of(data, "next-token", context("captioner", 6));
        assertThat(b.size()).isEqualTo(2);
        assertThat(labels(b.batch(1).getFirst())).containsExactly(-100, W0 + 3, W0 + 4, Toy.END);
        assertThat(labels(b.batch(1).get(1))).as("cut").containsExactly(-100, W0 + 1, W0 + 2, W0 + 3, W0 + 4, W0 + 5);
        assertThat(b.complaints())
                .anyMatch(c -> c.contains("line 2") && c.contains("none.png"))
                .anyMatch(c -> c.contains("line 3"))
                .anyMatch(c -> c.contains("cut"));
        assertThat(Objects.requireNonNull(b.batch(1).getFirst().inputs().get("patches"))
                        .get(0))
                .isCloseTo((60 / 255f - 0.5f) / 0.5f, org.assertj.core.api.Assertions.within(1e-2f));
    }

    @Test
    void theirTextsTrainATokenizer() {
        try (Texts texts = Texts.of(classes(), "next-token")) {
            List<String> all = new ArrayList<>();
            texts.forEachRemaining(all::add);
            assertThat(all).containsExactly("w0 w5 w6", "w5 w6 w1 w2", "w0 w7", "w7 w1 w2");
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        assertThatThrownBy(() -> DataSource.of(classes(), "next-token", context("gpt2", 16)))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("gpt2");
        assertThatThrownBy(() -> DataSource.of(classes(), "next-token", context("captioner", 2)))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("context");
        assertThatThrownBy(() -> DataSource.of(Map.of("text", "x.txt"), "next-token", context("captioner", 16)))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data.captions");
    }
}
