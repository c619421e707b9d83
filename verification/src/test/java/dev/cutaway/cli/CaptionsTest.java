package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.format.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that is trained on images with captions of their classes: it says what it sees; so it is measured, and looked into. */
class CaptionsTest {
    private static final int SIZE = 8;
    private static final int IMAGES = 60;

    @TempDir
    private Path dir;

    private Path png = Path.of("");

    /** Images whose left half is bright, or the right, or the upper one. */
    @BeforeEach
    void images() throws IOException {
        Random random = new Random(5);
        byte[] pixels = new byte[IMAGES * SIZE * SIZE];
        byte[] labels = new byte[IMAGES];
        for (int i = 0; i < IMAGES; i++) {
            labels[i] = (byte) (i % 3);
            for (int p = 0; p < SIZE * SIZE; p++) {
                boolean bright = switch (i % 3) {
                    case 0 -> p % SIZE < SIZE / 2;
                    case 1 -> p % SIZE >= SIZE / 2;
                    default -> p / SIZE < SIZE / 2;
                };
                pixels[i * SIZE * SIZE + p] = (byte) (random.nextInt(80) + (bright ? 150 : 0));
            }
        }
        idx(dir.resolve("images"), pixels, IMAGES, SIZE, SIZE);
        idx(dir.resolve("labels"), labels, IMAGES);
        png = png(dir.resolve("right.png"), pixels, SIZE * SIZE);
    }

    private static void idx(Path file, byte[] data, int... dims) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
        b.put(new byte[] {0, 0, 8, (byte) dims.length});
        for (int d : dims) {
            b.putInt(d);
        }
        Files.write(file, b.put(data).array());
    }

    private static Path png(Path file, byte[] pixels, int from) throws IOException {
        ByteArrayOutputStream rows = new ByteArrayOutputStream();
        try (DeflaterOutputStream packed = new DeflaterOutputStream(rows)) {
            for (int y = 0; y < SIZE; y++) {
                packed.write(0);
                packed.write(pixels, from + y * SIZE, SIZE);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteBuffer header = ByteBuffer.allocate(13).putInt(SIZE).putInt(SIZE).put(new byte[] {8, 0, 0, 0, 0});
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", rows.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return Files.write(file, out.toByteArray());
    }

    private static void chunk(ByteArrayOutputStream to, String type, byte[] data) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(type.getBytes(StandardCharsets.US_ASCII));
        sum.update(data);
        DataOutputStream out = new DataOutputStream(to);
        out.writeInt(data.length);
        out.writeBytes(type);
        out.write(data);
        out.writeInt((int) sum.getValue());
    }

    private Path recipe(String data) throws IOException {
        return Files.writeString(dir.resolve("recipe.yaml"), """
                model: {architecture: captioner, image_size: 8, patch_size: 4, num_channels: 1, hidden_size: 32,
                  num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 12}
                tokenizer: {train: words, pattern: '[\\w-]+', special_tokens: [<unk>, <s>, </s>], begin: <s>}
                data: {dir: '%s', images: images, labels: labels, %s}
                batch: 12
                steps: 80
                optimizer: {lr: 3e-3}
                schedule: {warmup: 10}
                out: '%s'
                """.formatted(dir, data, dir.resolve("out")));
    }

    @Test
    void whatIsLearntIsSaidMeasuredAndLookedAt() throws IOException {
        Path recipe = recipe(
                "classes: [left half, right half, upper-half], templates: ['the {class}', 'this is the {class}']");
        Command trained = Command.run("train", recipe);
        assertThat(trained.code()).as(trained.err()).isZero();
        Path out = dir.resolve("out");

        Command said =
                Command.run("run", out, "--image", png, "--temperature", "0").done();
        assertThat(said.out().strip()).isIn("the right half", "this is the right half");
        Command forced = Command.run("run", out, "this is", "--image", png, "--temperature", "0", "--json")
                .done();
        assertThat(forced.jsonLines().toList().getLast().get("stop").asText()).isEqualTo("eos");

        JsonNode score = Command.run(
                        "eval", out, "--images", dir.resolve("images"), "--labels", dir.resolve("labels"), "--json")
                .done()
                .json();
        assertThat(score.get("accuracy").asDouble()).isGreaterThan(0.95);
        assertThat(score.get("images").asInt()).isEqualTo(IMAGES);
        assertThat(score.get("classes").get(1).get("label").asText()).isEqualTo("right half");
        // Other names for the same numbers: nothing is right.
        Command none = Command.run(
                "eval",
                out,
                "--images",
                dir.resolve("images"),
                "--labels",
                dir.resolve("labels"),
                "--classes",
                "a,b,c");
        assertThat(none.done().out()).startsWith("0.00 %");

        Path file = dir.resolve("p.safetensors");
        Command.run("probe", out, "--image", png, "--text", "the right", "--tensor", "logits", "tokens", "--out", file)
                .done();
        try (Safetensors t = Safetensors.open(file)) {
            assertThat(t.require("logits").shape()).startsWith(1, 4 + 3);
            assertThat(t.require("tokens").shape()).containsExactly(1, 4 + 3);
        }
    }

    @Test
    void whatDoesNotGoTogetherIsSaid() throws IOException {
        Command.run("train", recipe("classes: [a, b, c]")).failed(2, "data.templates");
        Command.run("train", recipe("templates: ['the {class}']")).failed(2, "data.classes");
        Command.run("train", recipe("classes: [a, b], templates: ['the {class}']"))
                .failed(3, "labels", "num_labels");
        Command.run("train", recipe("classes: [a, b, c], templates: ['the class']"))
                .failed(2, "templates", "{class}");
        Command.run("run", Command.model("gpt2"), "--image", png).failed(2, "reads no images");
        Command.run("eval", Command.model("gpt2"), "--images", png, "--labels", png)
                .failed(2, "--text");
        Command.run("eval", Command.model("gpt2")).failed(2, "--text", "--images");
    }

    @Test
    void namesAreFoundAsWholeWords() {
        ClassNames names = new ClassNames(List.of("T-shirt", "shirt", "boot", "ankle boot"));
        assertThat(names.in("a photo of a t-shirt")).containsExactly(0);
        assertThat(names.in("Shirt")).containsExactly(1);
        assertThat(names.in("shirts")).isEmpty();
        assertThat(names.in("an ankle boot")).containsExactly(3);
        assertThat(names.in("a shirt and a boot")).containsExactly(1, 2);
    }
}
