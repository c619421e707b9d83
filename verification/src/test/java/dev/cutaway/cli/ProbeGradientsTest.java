package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.model.format.Safetensors;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code probe} with a loss: gradients of what is inside are PyTorch's ({@code golden/make_gradients.py}). */
class ProbeGradientsTest {
    private static final double TOLERANCE = 3e-5;

    @TempDir
    private Path dir;

    private Path out() {
        return dir.resolve("out.safetensors");
    }

    /** A golden batch with its labels, a decoder's as Hugging Face has them: those of the ids themselves. */
    private Path inputs(String name, Safetensors expected) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        try (Safetensors given = Safetensors.open(Command.GOLDEN.resolve("inputs/" + name + ".safetensors"))) {
            given.names().forEach(n -> all.put(n, copy(given.require(n))));
        }
        Tensor labels = expected.require("labels");
        boolean decoder = name.equals("gpt2");
        long width = labels.rank() == 2 ? labels.dim(1) : 1;
        Tensor shifted = Tensor.zeros(DType.I64, labels.shape());
        for (long i = 0; i < labels.size(); i++) {
            long at = !decoder ? i : i % width == 0 ? -1 : i - 1;
            shifted.data().setAtIndex(java.lang.foreign.ValueLayout.JAVA_LONG, i, at < 0 ? -100 : labels.getLong(at));
            assertThat(decoder && i % width == width - 1 && labels.getLong(i) >= 0)
                    .as("the last row predicts nothing")
                    .isFalse();
        }
        all.put("labels", shifted);
        Path file = dir.resolve("inputs.safetensors");
        SafetensorsWriter.write(file, all);
        return file;
    }

    private static Tensor copy(Tensor t) {
        Tensor c = Tensor.zeros(t.dtype(), t.shape());
        c.data().copyFrom(t.data());
        return c;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "bert-masked-word", "t5", "vit-classes"})
    void gradientsArePyTorchs(String name) {
        try (Safetensors expected = Safetensors.open(Command.GOLDEN.resolve("gradients/" + name + ".safetensors"))) {
            Path inputs = inputs(name, expected);
            Command.run("probe", Command.model(name), "--inputs", inputs, "--tensor", "grad.*", "loss", "--out", out())
                    .done();
            List<String> names =
                    expected.names().stream().filter(n -> n.startsWith("grad.")).toList();
            assertThat(names).hasSizeGreaterThan(5);
            try (Safetensors got = Safetensors.open(out())) {
                double loss = expected.require("loss").get(0);
                assertThat(Math.abs(got.require("loss").get(0) - loss)).isLessThan(1e-5 * loss);
                int full = full(inputs);
                names.forEach(n ->
                        compare(n, got.require(n).row(full), expected.require(n).row(full)));
            }
        }
    }

    /** The first sequence without padding, as what padding would get is nobody's. */
    private static int full(Path inputs) {
        try (Safetensors f = Safetensors.open(inputs)) {
            Tensor mask = f.tensor("attention_mask").orElse(Tensor.zeros(1, 0));
            for (int b = 0; b < mask.dim(0); b++) {
                boolean all = true;
                for (long i = 0; i < mask.dim(1); i++) {
                    all &= mask.getLong(b * mask.dim(1) + i) != 0;
                }
                if (all) {
                    return b;
                }
            }
            throw new IllegalStateException("every sequence has padding");
        }
    }

    private static void compare(String name, Tensor got, Tensor want) {
        assertThat(got.shape()).as(name).isEqualTo(want.shape());
        double most = 4e-3;
        for (long i = 0; i < want.size(); i++) {
            most = Math.max(most, Math.abs(want.get(i)));
        }
        for (long i = 0; i < want.size(); i++) {
            assertThat((double) Math.abs(got.get(i) - want.get(i)))
                    .as("%s, element %d: %s, PyTorch says %s", name, i, got.get(i), want.get(i))
                    .isLessThan(TOLERANCE * most);
        }
    }

    /** The loss of a text is what eval says, and a small step against the gradient of a tensor lowers it by its square. */
    @Test
    void theLossFallsAlongItsGradient() {
        Path gpt2 = Command.model("gpt2");
        Command.run(
                        "probe",
                        gpt2,
                        "--tokens",
                        "5,9,14,3,8",
                        "--loss",
                        "next-token",
                        "--tensor",
                        "loss",
                        "hook_embed",
                        "grad.hook_embed",
                        "--out",
                        out())
                .done();
        try (Safetensors a = Safetensors.open(out())) {
            Tensor x = a.require("hook_embed");
            Tensor d = a.require("grad.hook_embed");
            Tensor logits = lower(gpt2, x, d, 0);
            double before = loss(logits);
            assertThat(before).isCloseTo(a.require("loss").get(0), org.assertj.core.api.Assertions.within(1e-5));
            double step = 1e-2;
            double square = 0;
            for (long i = 0; i < d.size(); i++) {
                square += d.get(i) * d.get(i);
            }
            double after = loss(lower(gpt2, x, d, step));
            assertThat((before - after) / (step * square))
                    .as("%s to %s", before, after)
                    .isBetween(0.95, 1.05);
        }
    }

    private Tensor lower(Path model, Tensor x, Tensor d, double step) {
        Tensor moved = Tensor.zeros(x.shape());
        for (long i = 0; i < x.size(); i++) {
            moved.set(i, (float) (x.get(i) - step * d.get(i)));
        }
        Path file = dir.resolve("moved.safetensors");
        SafetensorsWriter.write(file, Map.of("hook_embed", moved));
        Path to = dir.resolve("logits.safetensors");
        Command.run(
                        "probe",
                        model,
                        "--tokens",
                        "5,9,14,3,8",
                        "--set",
                        "hook_embed=" + file,
                        "--tensor",
                        "logits",
                        "--out",
                        to)
                .done();
        try (Safetensors f = Safetensors.open(to)) {
            return copy(f.require("logits"));
        }
    }

    private static double loss(Tensor logits) {
        int[] ids = {5, 9, 14, 3, 8};
        long n = logits.dim(2);
        double sum = 0;
        for (int r = 0; r + 1 < ids.length; r++) {
            double all = 0;
            for (long c = 0; c < n; c++) {
                all += Math.exp(logits.get(r * n + c));
            }
            sum += Math.log(all) - logits.get(r * n + ids[r + 1]);
        }
        return sum / (ids.length - 1);
    }

    @Test
    void wrongUsage() {
        Path gpt2 = Command.model("gpt2");
        Path vit = Command.model("vit-classes");
        Command.run("probe", gpt2, "--tokens", "1,2", "--tensor", "grad.logits", "--out", out())
                .failed(2, "--loss next-token");
        Command.run("probe", gpt2, "--tokens", "1,2", "--loss", "next", "--tensor", "loss", "--out", out())
                .failed(2, "next-token", "labels");
        Command.run("probe", gpt2, "--tokens", "1", "--loss", "next-token", "--tensor", "loss", "--out", out())
                .failed(2, "no row");
        Command.run(
                        "probe",
                        gpt2,
                        "--tokens",
                        "1,2",
                        "--loss",
                        "next-token",
                        "--tensor",
                        "grad.hook_embd",
                        "--out",
                        out())
                .failed(2, "grad.hook_embed");
        Command.run(
                        "probe",
                        gpt2,
                        "--tokens",
                        "1,2",
                        "--loss",
                        "next-token",
                        "--ablate",
                        "logits",
                        "--tensor",
                        "loss",
                        "--out",
                        out())
                .failed(2, "--ablate");
        Path labels = dir.resolve("labels.safetensors");
        Tensor pixels = Tensor.zeros(1, 3, 16, 16);
        SafetensorsWriter.write(labels, Map.of("pixel_values", pixels, "labels", Tensor.ofInts(new int[] {99}, 1)));
        Command.run("probe", vit, "--inputs", labels, "--tensor", "loss", "--out", out())
                .failed(3, "labels", "99");
        SafetensorsWriter.write(labels, Map.of("pixel_values", pixels, "labels", Tensor.ofInts(new int[] {1, 2}, 2)));
        Command.run("probe", vit, "--inputs", labels, "--tensor", "loss", "--out", out())
                .failed(3, "labels", "1 rows");
    }
}
