package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A classifier of images that learns from another one, and how both are measured. */
class TeacherTest {
    private static final int SIZE = 8;
    private static final int IMAGES = 48;
    private static final String VIT =
            "hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32";

    @TempDir
    private Path dir;

    /** Images whose upper half is bright, or the lower. */
    @BeforeEach
    void images() throws IOException {
        Random random = new Random(3);
        byte[] pixels = new byte[IMAGES * SIZE * SIZE];
        byte[] labels = new byte[IMAGES];
        for (int i = 0; i < pixels.length; i++) {
            int image = i / (SIZE * SIZE);
            labels[image] = (byte) (image % 2);
            boolean upper = i % (SIZE * SIZE) < SIZE * SIZE / 2;
            pixels[i] = (byte) (random.nextInt(80) + (upper == (image % 2 == 0) ? 150 : 0));
        }
        idx("images", pixels, IMAGES, SIZE, SIZE);
        idx("labels", labels, IMAGES);
    }

    private void idx(String name, byte[] data, int... dims) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
        b.put(new byte[] {0, 0, 8, (byte) dims.length});
        for (int d : dims) {
            b.putInt(d);
        }
        Files.write(dir.resolve(name), b.put(data).array());
    }

    private Command train(String name, String model, String more) throws IOException {
        Path recipe =
                Files.writeString(dir.resolve(name + ".yaml"), """
                model: {%s, image_size: 8, patch_size: 4, num_channels: 1}
                data: {dir: '%s', images: images, labels: labels, classes: [upper, lower]}
                batch: 8
                steps: 40
                optimizer: {lr: 3e-3}
                %s
                out: '%s'
                """.formatted(model, dir, more, dir.resolve(name)));
        return Command.run("train", recipe);
    }

    private double accuracy(String name) {
        return Command.run(
                        "eval",
                        dir.resolve(name),
                        "--images",
                        dir.resolve("images"),
                        "--labels",
                        dir.resolve("labels"),
                        "--json")
                .done()
                .json()
                .get("accuracy")
                .asDouble();
    }

    @Test
    void aPupilLearnsWhatItsTeacherSays() throws IOException {
        Command cnn = train(
                "cnn", "architecture: convnext, hidden_sizes: [16], depths: [1], layer_scale_init_value: 0.1", "");
        assertThat(cnn.code()).as(cnn.err()).isZero();
        assertThat(accuracy("cnn")).isEqualTo(1);
        // The teacher's classes are turned around: a pupil that hears it alone gets everything wrong.
        byte[] labels = Files.readAllBytes(dir.resolve("labels"));
        for (int i = 8; i < labels.length; i++) {
            labels[i] = (byte) (1 - labels[i]);
        }
        byte[] right = Files.readAllBytes(dir.resolve("labels"));
        Files.write(dir.resolve("labels"), labels);
        String deit = "architecture: deit, architectures: [DeiTForImageClassificationWithTeacher], " + VIT;
        for (String kind : new String[] {"hard", "soft"}) {
            String teacher = "teacher: {init: '" + dir.resolve("cnn") + "', kind: " + kind + ", factor: 1}";
            Command c = train("vit-" + kind, "architecture: vit, " + VIT, teacher);
            assertThat(c.code()).as(c.err()).isZero();
            assertThat(accuracy("vit-" + kind)).as(kind).isZero();
            Command d = train("deit-" + kind, deit, teacher.replace("factor: 1", "factor: 0.5"));
            assertThat(d.code()).as(d.err()).isZero();
        }
        Files.write(dir.resolve("labels"), right);
        assertThat(accuracy("vit-hard")).isEqualTo(1);
    }

    @Test
    void teachersThatDoNotFitAreNamed() throws IOException {
        String vit = "architecture: vit, " + VIT;
        train("a", vit, "teacher: {init: '" + Command.model("gpt2") + "'}").failed(2, "teacher.init", "no classifier");
        train("b", vit, "teacher: {init: '" + Command.model("vit-classes") + "'}")
                .failed(2, "teacher.init", "20 x 20");
        train("c", vit, "teacher: {kind: hard}").failed(2, "teacher.init");
    }
}
