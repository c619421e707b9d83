package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.model.format.Gguf;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code convert}, and {@code --exact} on what it has made. */
class ConvertTest {
    @TempDir
    private Path dir;

    private Path plain = Path.of("");

    @BeforeEach
    void asSafetensors() {
        plain = dir.resolve("plain");
        convert("tales", "f32", plain);
    }

    private static Command convert(Object model, String to, Path out) {
        Command c = Command.run("convert", model, "--to", to, "--out", out);
        assertThat(c.code()).as(c.err()).isZero();
        assertThat(c.lines()).hasSize(1);
        assertThat(c.out()).startsWith(out + ": 56 tensors, ");
        return c;
    }

    private static String text(Object model, Object... more) {
        List<Object> args =
                new ArrayList<>(List.of("run", model, "Once upon a time", "--temperature", 0, "--max-tokens", 16));
        args.addAll(List.of(more));
        return Command.run(args.toArray()).done().out();
    }

    @Test
    void thereAndBackSaysTheSame() throws IOException {
        String said = text(plain);
        assertThat(said.strip()).hasSizeGreaterThan(20);
        Path eight = dir.resolve("eight.gguf");
        convert(plain, "q8_0", eight);
        assertThat(Files.size(eight)).isLessThan(Files.size(plain.resolve("model.safetensors")) / 3);
        try (Gguf file = Gguf.open(eight)) {
            assertThat(file.entry("blk.0.ffn_up.weight").orElseThrow().dtype()).contains(DType.Q8_0);
        }
        Path back = dir.resolve("back");
        convert(eight, "f32", back);
        assertThat(text(eight)).isEqualTo(text(back)).isEqualTo(text(eight, "--exact"));
        assertThat(text("tales")).isEqualTo(said);

        // The embedded model has 8 bits, so the way through float32 loses nothing.
        try (Safetensors first = Safetensors.open(plain.resolve("model.safetensors"));
                Safetensors second = Safetensors.open(back.resolve("model.safetensors"))) {
            assertThat(second.names()).isEqualTo(first.names());
            for (String name : first.names()) {
                assertThat(second.require(name).toFloats())
                        .as(name)
                        .isEqualTo(first.require(name).toFloats());
            }
        }
        assertThat(Command.run("tokenize", eight, "Once upon a time").done().out())
                .isEqualTo(
                        Command.run("tokenize", back, "Once upon a time").done().out())
                .isEqualTo(Command.run("tokenize", "tales", "Once upon a time")
                        .done()
                        .out());
    }

    @Test
    void fewerBitsAreSmallerAndSaidToBeMixed() throws IOException {
        Path four = dir.resolve("four.gguf");
        Command c = convert(plain, "Q4_0", four);
        assertThat(c.err()).matches("note: 1 of 56 tensors are q6_k, not q4_0: .*\n");
        assertThat(Files.size(four)).isLessThan(Files.size(plain.resolve("model.safetensors")) / 5);
        assertThat(text(four)).isNotBlank();
        float[] fast = logits(four);
        float[] exact = logits(four, "--exact");
        float[] unrounded = logits(plain);
        assertThat(distance(fast, exact)).isLessThan(1e-3 * distance(exact, unrounded));
    }

    private float[] logits(Path model, String... more) throws IOException {
        Path out = Files.createTempFile(dir, "logits", ".safetensors");
        Files.delete(out);
        List<Object> args =
                new ArrayList<>(List.of("probe", model, "--text", "Once upon", "--tensor", "logits", "--out", out));
        args.addAll(List.of(more));
        Command.run(args.toArray()).done();
        try (Safetensors file = Safetensors.open(out)) {
            Tensor logits = file.require("logits");
            return logits.toFloats();
        }
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    @Test
    void nothingIsOverwritten() throws IOException {
        Path file = Files.writeString(dir.resolve("mine.gguf"), "precious");
        Command.run("convert", plain, "--to", "q8_0", "--out", file).failed(2, "mine.gguf", "exists already", "--out");
        assertThat(file).hasContent("precious");
        Command.run("convert", "tales", "--to", "f32", "--out", plain).failed(2, plain.toString(), "exists already");
        Path eight = dir.resolve("eight.gguf");
        convert(plain, "q8_0", eight);
        long size = Files.size(eight);
        Command.run("convert", eight, "--to", "q4_0", "--out", eight).failed(2, "eight.gguf", "is the model itself");
        assertThat(Files.size(eight)).isEqualTo(size);
    }

    @Test
    void whatCannotBe() throws IOException {
        Command.run("convert", plain, "--to", "q9", "--out", dir.resolve("x.gguf"))
                .failed(2, "q9", "q8_0", "q4_0", "bf16");
        Command.run("convert", plain, "--to", "q4_0", "--out", dir.resolve("x")).failed(2, "q4_0", ".gguf", "f32");
        Command.run("convert", dir.resolve("none"), "--to", "f32", "--out", dir.resolve("x"))
                .failed(3, "none", "no such model");
        Command.run("convert", plain, "--to", "f32").failed(2, "--out");
        Path weights = plain.resolve("model.safetensors");
        byte[] all = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(all, all.length / 2));
        Command.run("convert", plain, "--to", "q8_0", "--out", dir.resolve("x.gguf"))
                .failed(3, "model.safetensors", "truncated");
        try (Stream<Path> left = Files.list(dir)) {
            assertThat(left).as("nothing half done is left").containsExactly(plain);
        }
    }
}
