package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProbeTest {
    @TempDir
    private Path dir;

    private Path out() {
        return dir.resolve("out.safetensors");
    }

    /** Whole batches as files agree with the reference where there is no padding. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama-tied-biased", "t5", "bert-masked-word", "bert-pooler", "vit-classes"})
    void batches(String name) {
        Command.run(
                        "probe",
                        Command.model(name),
                        "--inputs",
                        Command.GOLDEN.resolve("inputs/" + name + ".safetensors"),
                        "--tensor",
                        "*",
                        "--out",
                        out())
                .done();
        try (Safetensors ours = Safetensors.open(out());
                Safetensors theirs = Safetensors.open(Command.GOLDEN.resolve("expected/" + name + ".safetensors"));
                Safetensors given = Safetensors.open(Command.GOLDEN.resolve("inputs/" + name + ".safetensors"))) {
            int full = given.tensor("attention_mask").map(ProbeTest::unpadded).orElse(0);
            for (String tensor : theirs.names()) {
                if (!tensor.equals("greedy")) {
                    compare(tensor, ours.require(tensor), theirs.require(tensor), full);
                }
            }
        }
    }

    /** The first row of the mask without a zero. */
    private static int unpadded(Tensor mask) {
        for (int b = 0; b < mask.dim(0); b++) {
            boolean all = true;
            for (long i = 0; i < mask.dim(1); i++) {
                all &= mask.getLong(b * mask.dim(1) + i) != 0;
            }
            if (all) {
                return b;
            }
        }
        throw new AssertionError("every row is padded");
    }

    private static void compare(String name, Tensor a, Tensor b, int row) {
        assertThat(a.shape()).as(name).isEqualTo(b.shape());
        float[] x = a.row(row).toFloats();
        float[] y = b.row(row).toFloats();
        double largest = 1e-3;
        double difference = 0;
        for (int i = 0; i < x.length; i++) {
            if (y[i] > -1e30) {
                largest = Math.max(largest, Math.abs(y[i]));
                difference = Math.max(difference, Math.abs(x[i] - y[i]));
            }
        }
        assertThat(difference / largest).as(name).isLessThan(1e-4);
    }

    /** A padded row gives what the same row gives alone. */
    @Test
    void paddingChangesNothing() {
        Path inputs = Command.GOLDEN.resolve("inputs/bert-masked-word.safetensors");
        String name = "blocks.1.attn.hook_pattern";
        Command.run("probe", Command.model("bert-masked-word"), "--inputs", inputs, "--tensor", name, "--out", out())
                .done();
        try (Safetensors in = Safetensors.open(inputs);
                Safetensors whole = Safetensors.open(out())) {
            Tensor mask = in.require("attention_mask");
            int padded = 1 - unpadded(mask);
            Map<String, Tensor> alone = new java.util.HashMap<>();
            int n = 0;
            for (long i = 0; i < mask.dim(1); i++) {
                n += (int) mask.getLong(padded * mask.dim(1) + i);
            }
            for (String t : in.names()) {
                Tensor row = in.require(t).slice(0, padded, padded + 1L).slice(1, 0, n);
                alone.put(t, row);
            }
            Path one = dir.resolve("one.safetensors");
            SafetensorsWriter.write(one, alone);
            Path second = dir.resolve("second.safetensors");
            Command.run("probe", Command.model("bert-masked-word"), "--inputs", one, "--tensor", name, "--out", second)
                    .done();
            try (Safetensors single = Safetensors.open(second)) {
                Tensor expected = single.require(name);
                Tensor found = whole.require(name)
                        .slice(0, padded, padded + 1L)
                        .slice(2, 0, n)
                        .slice(3, 0, n);
                assertThat(found.toFloats()).isEqualTo(expected.toFloats());
            }
        }
    }

    @Test
    void idsAreWholeNumbers() {
        Command.run("probe", Command.model("gpt2"), "--tokens", "3,1,2", "--tensor", "tokens", "--out", out())
                .done();
        try (Safetensors s = Safetensors.open(out())) {
            Tensor tokens = s.require("tokens");
            assertThat(tokens.dtype()).isEqualTo(DType.I64);
            assertThat(tokens.shape()).containsExactly(1, 3);
            assertThat(tokens.getLong(0)).isEqualTo(3);
        }
    }

    private float[] logits(Object... more) {
        Object[] args = {"probe", Command.model("gpt2"), "--tokens", "3,1,2,9", "--tensor", "logits", "--out", out()};
        Object[] all = java.util.stream.Stream.concat(java.util.Arrays.stream(args), java.util.Arrays.stream(more))
                .toArray();
        Command.run(all).done();
        try (Safetensors s = Safetensors.open(out())) {
            return s.require("logits").toFloats();
        }
    }

    @Test
    void interventions() {
        float[] plain = logits();
        assertThat(logits("--ablate", "blocks.0.attn.hook_z[:,:,1]")).isNotEqualTo(plain);
        assertThat(logits("--ablate-mean", "blocks.0.hook_mlp_out")).isNotEqualTo(plain);
        Path resid = dir.resolve("resid.safetensors");
        Command.run(
                        "probe",
                        Command.model("gpt2"),
                        "--tokens",
                        "3,1,2,9",
                        "--tensor",
                        "blocks.1.hook_resid_pre",
                        "--out",
                        resid)
                .done();
        assertThat(logits("--set", "blocks.1.hook_resid_pre=" + resid)).containsExactly(plain, offset(1e-4f));
        Command.run(
                        "probe",
                        Command.model("gpt2"),
                        "--tokens",
                        "5,6,7,8",
                        "--tensor",
                        "blocks.1.hook_resid_pre",
                        "--out",
                        resid)
                .done();
        assertThat(logits("--set", "blocks.1.hook_resid_pre=" + resid)).isNotEqualTo(plain);
    }

    @Test
    void derivations() {
        Command c = Command.run(
                        "probe",
                        Command.model("gpt2"),
                        "--tokens",
                        "3,1,2",
                        "--explain",
                        "blocks.1.attn.hook_pattern[0,1,2,1]")
                .done();
        assertThat(c.out()).contains("blocks.1.attn.hook_attn_scores[0,1,2,2]", "\\frac");
        JsonNode e = Command.run(
                        "probe",
                        Command.model("gpt2"),
                        "--tokens",
                        "3,1,2",
                        "--explain",
                        "logits[0,-1,5]",
                        "--json",
                        "--depth",
                        2)
                .done()
                .json();
        double sum = e.get("rest").get("value").doubleValue();
        for (JsonNode t : e.get("terms")) {
            sum += t.get("value").doubleValue();
        }
        assertThat(sum).isCloseTo(e.get("value").doubleValue(), offset(1e-5));
        assertThat(e.get("from").size()).isPositive();
    }

    @Test
    void list() {
        assertThat(Command.run("probe", Command.model("t5"), "--list").done().out())
                .contains("decoder.blocks.0.cross_attn.hook_pattern");
        assertThat(Command.run("probe", Command.model("vit-classes"), "--list", "--json")
                        .done()
                        .jsonLines())
                .allMatch(n -> n.has("name") && n.has("sizes") && n.has("meaning"));
    }

    @Test
    void linesOfJson() throws IOException {
        Path model = Command.withWords("gpt2", dir.resolve("m"));
        Path inputs = dir.resolve("in.jsonl");
        Files.writeString(inputs, "\"w5 w6\"\n{\"tokens\":[7,8,9]}\n");
        Command.run("probe", model, "--inputs", inputs, "--tensor", "logits", "--out", out())
                .done();
        try (Safetensors a = Safetensors.open(dir.resolve("out-1.safetensors"));
                Safetensors b = Safetensors.open(dir.resolve("out-2.safetensors"))) {
            assertThat(a.require("logits").dim(1)).isEqualTo(2);
            assertThat(b.require("logits").dim(1)).isEqualTo(3);
        }
    }

    @Test
    void wrongUsage() {
        Path gpt2 = Command.model("gpt2");
        Command.run("probe", gpt2, "--tokens", "1", "--tensor", "blocks.0.hook_pattern", "--out", out())
                .failed(2, "blocks.0.attn.hook_pattern");
        Command.run("probe", gpt2, "--tokens", "1", "--tensor", "logits").failed(2, "--out");
        Command.run("probe", gpt2, "--tokens", "1").failed(2, "--tensor");
        Command.run("probe", gpt2, "--tensor", "logits", "--out", out()).failed(2, "--tokens");
        Command.run("probe", gpt2, "--tokens", "1", "--text", "a", "--list").failed(2, "--tokens");
        Command.run("probe", gpt2, "--tokens", "1", "--explain", "logits[0,4,0]")
                .failed(2, "index 1");
        Command.run("probe", gpt2, "--tokens", "1", "--explain", "logit[0,0,0]").failed(2, "logits");
        Command.run("probe", gpt2, "--tokens", "1", "--ablate", "logits[x]", "--tensor", "logits", "--out", out())
                .failed(2, "'x'");
        Command.run("probe", gpt2, "--tokens", "1", "--set", "logits", "--tensor", "logits", "--out", out())
                .failed(2, "NAME=FILE");
        Command.run("probe", gpt2, "--source", "a", "--list").failed(2, "--source");
        Command.run("probe", Command.model("vit-classes"), "--tokens", "1", "--list")
                .failed(2, "--image");
    }

    @Test
    void wrongInput() throws IOException {
        Path gpt2 = Command.model("gpt2");
        Command.run("probe", gpt2, "--tokens", "1,5000", "--list").failed(3, "5000", "position 1");
        Command.run("probe", gpt2, "--tokens", "1,-5", "--list").failed(3, "-5");
        Command.run("probe", gpt2, "--tokens", "", "--list").failed(3, "no tokens");
        String many = String.join(",", java.util.Collections.nCopies(1000, "1"));
        Command.run("probe", gpt2, "--tokens", many, "--list").failed(3, "1000 tokens", "context");
        Command.run("probe", gpt2, "--inputs", dir.resolve("none.safetensors"), "--list")
                .failed(3, "none.safetensors");
        Path inputs = dir.resolve("in.safetensors");
        SafetensorsWriter.write(inputs, Map.of("input_idz", Tensor.ofInts(new int[] {1, 2}, 1, 2)));
        Command.run("probe", gpt2, "--inputs", inputs, "--list").failed(3, "input_idz", "input_ids");
        SafetensorsWriter.write(inputs, Map.of("input_ids", Tensor.of(new float[] {1, 2}, 1, 2)));
        Command.run("probe", gpt2, "--inputs", inputs, "--list").failed(3, "input_ids", "integers");
        SafetensorsWriter.write(inputs, Map.of("input_ids", Tensor.ofInts(new int[] {1, -2}, 1, 2)));
        Command.run("probe", gpt2, "--inputs", inputs, "--list").failed(3, "input_ids", "-2");
        SafetensorsWriter.write(
                inputs,
                Map.of(
                        "input_ids", Tensor.ofInts(new int[] {1, 2}, 1, 2),
                        "attention_mask", Tensor.ofInts(new int[] {0, 0}, 1, 2)));
        Command.run("probe", gpt2, "--inputs", inputs, "--list").failed(3, "attention_mask", "row 0");
        Files.writeString(inputs, "short");
        Command.run("probe", gpt2, "--inputs", inputs, "--list").failed(3, "in.safetensors");
    }
}
