package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** IDX files and folders of images. */
class ImagesTest {
    /** 4 x 4 pixels of (200, 0, 0), written by Pillow. */
    private static final String RED_PNG =
            "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGM8wYAATAxEcQAo3ADQQD5s4QAAAABJRU" + "5ErkJggg==";

    private static final String RED_JPEG =
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1"
                    + "tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
                    + "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAEAAQDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAw"
                    + "QFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkK"
                    + "FhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmq"
                    + "KjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEB"
                    + "AQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRob"
                    + "HBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOE"
                    + "hYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+P"
                    + "n6/9oADAMBAAIRAxEAPwDLooorlPdP/9k=";

    @TempDir
    private Path folder;

    private Path images;
    private Path labels;

    @BeforeEach
    void threeImages() throws IOException {
        // Image i has the levels 10 i, 10 i + 1, ... of 2 x 3 pixels.
        byte[] levels = new byte[18];
        for (int i = 0; i < 18; i++) {
            levels[i] = (byte) (i / 6 * 10 + i % 6);
        }
        images = idx("images-idx3-ubyte.gz", levels, 3, 2, 3);
        labels = idx("labels-idx1-ubyte", new byte[] {2, 0, 1}, 3);
    }

    private Path idx(String name, byte[] data, int... dims) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(4 + 4 * dims.length + data.length);
        b.put(new byte[] {0, 0, 8, (byte) dims.length});
        for (int d : dims) {
            b.putInt(d);
        }
        b.put(data);
        Path file = folder.resolve(name);
        try (OutputStream out = name.endsWith(".gz")
                ? new GZIPOutputStream(Files.newOutputStream(file))
                : Files.newOutputStream(file)) {
            out.write(b.array());
        }
        return file;
    }

    private static Map<String, Object> map(Object... entries) {
        Map<String, Object> all = new HashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            all.put((String) entries[i], entries[i + 1]);
        }
        return all;
    }

    private DataContext context(int channels, int height, int width, int batch) {
        return Toy.context(
                Family.VISION,
                Toy.words(folder, 1),
                batch,
                1,
                map(
                        "model_type",
                        "vit",
                        "image_size",
                        List.of(height, width),
                        "patch_size",
                        1,
                        "num_channels",
                        channels,
                        "num_labels",
                        3));
    }

    private Batches open(Map<String, Object> data, int channels, int height, int width, int batch) {
        return DataSource.of(data, "classify", context(channels, height, width, batch));
    }

    private static float[] pixels(Example e) {
        return Objects.requireNonNull(e.inputs().get("patches")).toFloats();
    }

    @Test
    void levelsBecomeSmallNumbers() {
        Map<String, Object> data = map(
                "images",
                images.toString(),
                "labels",
                labels.toString(),
                "order",
                "sequential",
                "mean",
                0.2,
                "std",
                0.5);
        Batches b = open(data, 1, 2, 3, 3);
        Example e = b.batch(1).get(1);
        assertThat(labels(e)).containsExactly(0);
        assertThat(pixels(e)[4]).isCloseTo((float) ((14 / 255.0 - 0.2) / 0.5), within(1e-6f));
        assertThat(b.preprocessor()).containsEntry("image_mean", List.of(0.2)).containsEntry("image_std", List.of(0.5));
        assertThat(pixels(open(data, 3, 2, 3, 3).batch(1).get(1))).hasSize(18); // grey as three channels
    }

    @Test
    void meanAndDeviationOfTheImages() {
        Map<String, Object> data = map(
                "images",
                images.toString(),
                "labels",
                labels.toString(),
                "normalise",
                "computed",
                "valid",
                map("images", images.toString(), "labels", labels.toString()));
        Batches b = open(data, 1, 2, 3, 3);
        double sum = 0;
        double squares = 0;
        for (Example e : b.batch(1)) {
            for (float x : pixels(e)) {
                sum += x;
                squares += x * x;
            }
        }
        assertThat(sum / 18).isCloseTo(0, within(1e-6));
        assertThat(squares / 18).isCloseTo(1, within(1e-5));
        Batches held = DataSource.valid(data, "classify", context(1, 2, 3, 3)).orElseThrow();
        assertThat(held.preprocessor()).isEqualTo(b.preprocessor());
    }

    @Test
    void imagesAreMirroredAndMovedByTheSeed() {
        Map<String, Object> data = map(
                "images",
                images.toString(),
                "labels",
                labels.toString(),
                "order",
                "sequential",
                "mean",
                0,
                "std",
                1,
                "flip",
                true,
                "crop",
                1);
        Batches b = open(data, 1, 2, 3, 1);
        HashSet<String> seen = new HashSet<>();
        for (int epoch = 0; epoch < 200; epoch++) {
            int[] x = new int[6];
            float[] p = pixels(b.batch(3 * epoch + 2).getFirst());
            for (int i = 0; i < 6; i++) {
                x[i] = Math.round(p[i] * 255);
            }
            seen.add(java.util.Arrays.toString(x));
        }
        // The image 10 11 12 / 13 14 15: two ways round, three up or down, three across.
        assertThat(seen).hasSize(18).contains("[10, 11, 12, 13, 14, 15]", "[12, 11, 10, 15, 14, 13]");
        assertThat(seen).contains("[0, 0, 0, 0, 10, 11]", "[14, 15, 0, 0, 0, 0]", "[13, 14, 15, 0, 0, 0]");
        assertThat(pixels(open(data, 1, 2, 3, 1).batch(77).getFirst()))
                .isEqualTo(pixels(b.batch(77).getFirst()));
        data.put("valid", map("images", images.toString(), "labels", labels.toString()));
        Batches held = DataSource.valid(data, "classify", context(1, 2, 3, 1)).orElseThrow();
        for (int s = 1; s < 40; s++) {
            assertThat(pixels(held.batch(s).getFirst())[1] * 255).isEqualTo((s - 1) % 3 * 10 + 1, within(1e-4f));
        }
    }

    @Test
    void brokenFilesAreNamedBeforeMemoryIsTaken() throws IOException {
        refused(
                BadInputException.class,
                images,
                idx("four", new byte[] {1, 1, 1, 1}, 4),
                "four: holds 4 labels, " + images + " 3 images");
        refused(
                BadInputException.class,
                images,
                idx("range", new byte[] {0, 1, 3}, 3),
                "range: label 2 is 3; the model's classes go from 0 to 2");
        refused(BadInputException.class, labels, labels, "is no IDX file of unsigned bytes with 3 dimensions");
        refused(
                BadInputException.class,
                idx("short", new byte[17], 3, 2, 3),
                labels,
                "short: holds 17 bytes of data, its header says 18");
        refused(
                BadInputException.class,
                idx("long", new byte[19], 3, 2, 3),
                labels,
                "long: goes on after the 18 bytes");
        refused(
                BadInputException.class,
                idx("size", new byte[27], 3, 3, 3),
                labels,
                "size: holds images of 3 x 3 pixels; the model reads 2 x 3");
        refused(BadInputException.class, idx("none", new byte[0], 0, 2, 3), labels, "none: dimension 0 is 0");
        refused(
                ResourceException.class,
                idx("huge", new byte[1], 2_000_000_000, 2, 3),
                labels,
                "huge: says that it holds more than 2 GB");
        refused(
                BadInputException.class,
                idx("lie.gz", new byte[1], 300_000_000, 2, 3),
                labels,
                "lie.gz: holds 1 bytes of data");
        assertThatThrownBy(() -> open(map("images", images.toString()), 1, 2, 3, 1))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data.labels is missing");
        assertThatThrownBy(() -> open(
                        map("images", images.toString(), "labels", labels.toString(), "mean", List.of(1, 2)),
                        1,
                        2,
                        3,
                        1))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data.mean holds 2 numbers");
    }

    private void refused(Class<? extends CutawayException> kind, Path x, Path y, String message) {
        assertThatThrownBy(() -> open(map("images", x.toString(), "labels", y.toString()), 1, 2, 3, 1))
                .isInstanceOf(kind)
                .hasMessageContaining(message);
    }

    @Test
    void aFolderForEachClass() throws IOException {
        Path root = folder.resolve("classes");
        for (String name : List.of("a", "b", "c")) {
            Files.createDirectories(root.resolve(name));
        }
        Files.write(root.resolve("b/red.png"), Base64.getDecoder().decode(RED_PNG));
        Files.write(root.resolve("c/red.jpg"), Base64.getDecoder().decode(RED_JPEG));
        Files.writeString(root.resolve("a/broken.png"), "not a picture");
        Files.writeString(root.resolve("a/notes.txt"), "text");
        assertThat(DataSource.classes(map("images", root.toString()))).containsExactly("a", "b", "c");
        Map<String, Object> data = map("images", root.toString(), "order", "sequential", "mean", 0, "std", 1);
        Batches b = open(data, 3, 2, 2, 2);
        assertThat(b.size()).isEqualTo(2);
        assertThat(b.classes()).containsExactly("a", "b", "c");
        assertThat(b.complaints()).hasSize(2);
        assertThat(b.complaints().get(0)).contains("broken.png");
        assertThat(b.complaints().get(1)).contains("notes.txt: is neither PNG nor JPEG");
        Example e = b.batch(1).getFirst();
        assertThat(labels(e)).containsExactly(1);
        float c8 = 200 / 255f;
        assertThat(pixels(e)).containsExactly(c8, c8, c8, c8, 0, 0, 0, 0, 0, 0, 0, 0);
        // Pillow: (200 * 19595 + 32768) >> 16 = 60.
        assertThat(pixels(open(data, 1, 2, 2, 2).batch(1).getFirst())[0]).isEqualTo(60 / 255f);
    }
}
