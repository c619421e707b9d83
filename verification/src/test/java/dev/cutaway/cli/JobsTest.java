package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main jobs of the other families. */
class JobsTest {
    @TempDir
    private Path dir;

    @Test
    void translateGivesTheReferencesAnswer() {
        for (String name : List.of("t5", "t5-v1_1")) {
            try (Safetensors in = Safetensors.open(Command.GOLDEN.resolve("inputs/" + name + ".safetensors"));
                    Safetensors expected =
                            Safetensors.open(Command.GOLDEN.resolve("expected/" + name + ".safetensors"))) {
                Tensor ids = in.require("input_ids");
                Tensor greedy = expected.require("greedy");
                List<String> source = new ArrayList<>();
                for (int i = 0; i < ids.dim(1); i++) {
                    source.add(Long.toString(ids.getLong(i)));
                }
                Command c = Command.run(
                                "translate",
                                Command.model(name),
                                "--tokens",
                                String.join(",", source),
                                "--json",
                                "--ignore-eos",
                                "--max-tokens",
                                greedy.dim(1))
                        .done();
                List<JsonNode> lines = c.jsonLines().toList();
                assertThat(lines.getLast().get("stop").textValue()).isEqualTo("length");
                for (int i = 0; i < greedy.dim(1); i++) {
                    assertThat(lines.get(i).get("id").longValue())
                            .as(name + " " + i)
                            .isEqualTo(greedy.getLong(i));
                }
            }
        }
        Command.run("translate", Command.model("gpt2"), "--tokens", "1").failed(2, "T5");
    }

    @Test
    void fill() {
        Path model = Command.withWords("bert-masked-word", dir.resolve("m"));
        Command c = Command.run("fill", model, "w5 w3 w6", "--json").done();
        List<JsonNode> all = c.jsonLines().toList();
        assertThat(all).hasSize(5);
        assertThat(all.getFirst().get("score").doubleValue())
                .isGreaterThanOrEqualTo(all.get(1).get("score").doubleValue());
        assertThat(all.getFirst().fieldNames()).toIterable().containsExactly("id", "text", "score");
        Command.run("fill", model, "w5").failed(3, "w3");
        Command.run("fill", Command.withWords("bert-classes", dir.resolve("c")), "w5 w3")
                .failed(3, "MaskedLM");
    }

    @Test
    void classify() {
        Path model = Command.withWords("bert-classes", dir.resolve("m"));
        List<JsonNode> all = Command.run("classify", model, "w5 w6", "--json")
                .done()
                .jsonLines()
                .toList();
        double sum = all.stream().mapToDouble(n -> n.get("score").doubleValue()).sum();
        assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(all)
                .isSortedAccordingTo((a, b) -> Double.compare(
                        b.get("score").doubleValue(), a.get("score").doubleValue()));
        assertThat(Command.given("w5\nw6\n", "classify", model, "-").done().out())
                .isNotBlank();
        Command.run("classify", Command.withWords("bert-masked-word", dir.resolve("c")), "w5")
                .failed(3, "head");
        Command.run("classify", Command.model("vit-classes"), dir.resolve("no.png"))
                .failed(3, "no.png");
        List<JsonNode> image = Command.run(
                        "classify", Command.model("vit-classes"), Command.GOLDEN.resolve("images/rgb.png"), "--json")
                .done()
                .jsonLines()
                .toList();
        assertThat(image.size()).isGreaterThan(1);
    }

    @Test
    void embed() throws IOException {
        Path model = Command.withWords("bert-pooler", dir.resolve("m"));
        Command mean = Command.run("embed", model, "w5 w6", "w7", "--json").done();
        assertThat(mean.lines()).hasSize(2);
        assertThat(mean.jsonLines().toList().getFirst().get("embedding")).hasSize(20);
        Files.writeString(model.resolve("modules.json"), """
                [{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},
                 {"idx":1,"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
                 {"idx":2,"path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]""");
        Files.createDirectories(model.resolve("1_Pooling"));
        Files.writeString(model.resolve("1_Pooling/config.json"), "{\"pooling_mode_cls_token\":true}");
        Files.writeString(model.resolve("sentence_bert_config.json"), "{\"max_seq_length\":2}");
        JsonNode cls =
                Command.run("embed", model, "w5 w6 w9 w9", "--json").done().json();
        JsonNode shorter = Command.run("embed", model, "w5 w6", "--json").done().json();
        assertThat(cls.get("embedding")).isEqualTo(shorter.get("embedding"));
        double norm = 0;
        for (JsonNode x : cls.get("embedding")) {
            norm += x.doubleValue() * x.doubleValue();
        }
        assertThat(norm).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-5));
        Files.writeString(model.resolve("1_Pooling/config.json"), "{}");
        Command.run("embed", model, "w5").failed(3, "pooling");
        Files.writeString(model.resolve("modules.json"), "[{\"path\":\"../..\",\"type\":\"x.Pooling\"}]");
        Command.run("embed", model, "w5").failed(3, "modules.json");
        Command.run("embed", Command.model("gpt2"), "w5").failed(2, "BERT");
    }

    /** Several texts share a step, which nobody may see: not in the numbers, not in the order. */
    @Test
    void embedTogetherAsAlone() {
        Path model = Command.withWords("bert-pooler", dir.resolve("m"));
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            StringBuilder text = new StringBuilder("w" + (4 + i));
            for (int j = 0; j < i * 7 % 23; j++) {
                text.append(" w").append(4 + (i * 31 + j * 17) % 93);
            }
            texts.add(text.toString());
        }
        List<String> together = Command.given(String.join("\n", texts), "embed", model, "-", "--json")
                .done()
                .lines();
        assertThat(together).hasSize(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            assertThat(together.get(i))
                    .isEqualTo(Command.run("embed", model, texts.get(i), "--json")
                            .done()
                            .lines()
                            .getFirst());
        }
        List<Object> arguments = new ArrayList<>(List.of("embed", model, "--json"));
        arguments.addAll(texts);
        assertThat(Command.run(arguments.toArray()).done().lines()).isEqualTo(together);
    }

    /** A line without a vector is named, keeps its place, and takes no other with it. */
    @Test
    void embedNamesBadLines() {
        Path model = Command.withWords("bert-pooler", dir.resolve("m"));
        byte[] input = "w5\n\nw6\n?\nw7".getBytes(StandardCharsets.UTF_8);
        input[7] = (byte) 0xff;
        Command lines = Command.given(input, "embed", model, "-");
        lines.failed(3, "standard input, line 2: ", "no tokens", "1 more");
        assertThat(lines.out().split("\n", -1)).hasSize(6);
        assertThat(lines.lines().get(1)).isEmpty();
        assertThat(lines.lines().get(3)).isEmpty();
        for (int i = 0; i < 5; i += 2) {
            assertThat(lines.lines().get(i))
                    .isEqualTo(Command.run("embed", model, "w" + (5 + i / 2))
                            .done()
                            .lines()
                            .getFirst());
        }
        Command objects = Command.given(input, "embed", model, "-", "--json");
        List<JsonNode> answers = objects.jsonLines().toList();
        assertThat(answers.get(3).get("error").textValue()).contains("line 4, byte 1: 0xff");
        assertThat(answers.get(4).get("embedding")).hasSize(20);
        Command.run("embed", model, "w5", "").failed(3, "text 2: ", "no tokens");
    }

    /** Whoever writes a line and waits for its answer gets it. */
    @Test
    void embedAnswersAtOnce() {
        Path model = Command.withWords("bert-pooler", dir.resolve("m"));
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        List<Integer> answered = new ArrayList<>();
        // Two lines at a time, and then nothing is there until somebody waits for it.
        InputStream slow = new InputStream() {
            private byte[] held = {};
            private int at;

            @Override
            public int available() {
                return held.length - at;
            }

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] to, int from, int n) {
                if (at == held.length) {
                    answered.add(
                            (int) shown.toString(StandardCharsets.UTF_8).lines().count());
                    if (answered.size() == 4) {
                        return -1;
                    }
                    held = "w5 w6\nw7\n".getBytes(StandardCharsets.UTF_8);
                    at = 0;
                }
                to[from] = held[at++];
                return 1;
            }
        };
        Command.given(slow, shown, "embed", model, "-").done();
        assertThat(answered).containsExactly(0, 2, 4, 6);
    }

    @Test
    void eval() throws IOException {
        Path text = Files.writeString(
                dir.resolve("text"), "Once upon a time there was a little girl who lived in a wood.\n");
        JsonNode e =
                Command.run("eval", "tales", "--text", text, "--json").done().json();
        assertThat(Math.exp(e.get("loss").doubleValue()))
                .isCloseTo(e.get("perplexity").doubleValue(), org.assertj.core.data.Percentage.withPercentage(0.001));
        double bits = e.get("loss").doubleValue() * e.get("tokens").longValue() / Math.log(2) / 62;
        assertThat(e.get("bits_per_byte").doubleValue()).isCloseTo(bits, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(e.get("loss").doubleValue()).isBetween(1.0, 6.0);
        assertThat(Command.run("eval", "tales", "--text", text, "--context", 8)
                        .done()
                        .out())
                .contains("windows of 8");
        Command.run("eval", "tales", "--text", dir.resolve("no")).failed(3, "no such file");
        Command.run("eval", "tales", "--text", Files.write(dir.resolve("bad"), new byte[] {'a', '\n', -1}))
                .failed(3, "line 2", "byte 1");
        Command.run("eval", "tales").failed(2, "--text");
    }

    @Test
    void bench() {
        JsonNode b = Command.run(
                        "bench", "tales", "--prompt-tokens", 8, "--generated-tokens", 4, "--repeat", 2, "--json")
                .done()
                .json();
        assertThat(b.fieldNames())
                .toIterable()
                .contains("threads", "prompt_tokens_per_s", "generated_tokens_per_s", "first_token_s", "resident_mib");
        assertThat(Command.run("bench", Command.model("bert-pooler"), "--prompt-tokens", 8, "--repeat", 1, "--json")
                        .done()
                        .json()
                        .has("texts_per_s"))
                .isTrue();
        assertThat(Command.run("bench", Command.model("vit-classes"), "--repeat", 1, "--json")
                        .done()
                        .json()
                        .has("images_per_s"))
                .isTrue();
        assertThat(Command.run("bench", Command.model("t5"), "--prompt-tokens", 8, "--repeat", 1, "--json")
                        .done()
                        .json()
                        .has("generated_tokens_per_s"))
                .isTrue();
        assertThat(Command.run("bench", "tales", "--cache", "f16", "--repeat", 1, "--exactness", "--json")
                        .done()
                        .json()
                        .get("kl")
                        .doubleValue())
                .isBetween(1e-9, 1e-3);
        Command.run("bench", "tales", "--cache", "q8").failed(2, "--cache q8: f32 or f16");
        Command.run("run", "tales", "Once", "--exact", "--cache", "f16").failed(2, "--cache f16", "--exact");
        Command.run("run", "tales", "Once", "--cache", "F16", "--max-tokens", 2).done();
    }

    /** Against the logits that probe gives, which come another way. */
    @Test
    void evalIsTheMeanLossOfTheLogits() throws IOException {
        String said = "Once upon a time there was a little girl.";
        Path text = Files.writeString(dir.resolve("text"), said);
        String ids = Command.run("tokenize", "tales", said).done().out().strip();
        Path out = dir.resolve("logits.safetensors");
        Command.run("probe", "tales", "--tokens", ids, "--tensor", "logits", "--out", out)
                .done();
        String[] tokens = ids.split(" ");
        double sum = 0;
        try (Safetensors file = Safetensors.open(out)) {
            Tensor logits = file.require("logits");
            long vocabulary = logits.dim(2);
            for (int t = 1; t < tokens.length; t++) {
                double norm = 0;
                for (long i = 0; i < vocabulary; i++) {
                    norm += Math.exp(logits.get((t - 1) * vocabulary + i));
                }
                sum += Math.log(norm) - logits.get((t - 1) * vocabulary + Long.parseLong(tokens[t]));
            }
        }
        JsonNode fast =
                Command.run("eval", "tales", "--text", text, "--json").done().json();
        assertThat(fast.get("tokens").intValue()).isEqualTo(tokens.length - 1);
        assertThat(fast.get("loss").doubleValue())
                .isCloseTo(sum / (tokens.length - 1), org.assertj.core.data.Offset.offset(1e-3));
        JsonNode exact = Command.run("eval", "tales", "--text", text, "--json", "--exact")
                .done()
                .json();
        assertThat(exact.get("loss").doubleValue())
                .isCloseTo(fast.get("loss").doubleValue(), org.assertj.core.data.Offset.offset(1e-3));
        Command.run("eval", "tales", "--text", Files.createFile(dir.resolve("empty")))
                .failed(3, "empty", "too short");
        Command.run("eval", Command.model("t5"), "--text", text).failed(2, "decoders");
        Command.run("eval", "tales", "--text", text, "--context", 1).failed(2, "--context", "2");
    }

    @Test
    void benchMeasuresExactnessOnAText() throws IOException {
        Path text = Files.writeString(dir.resolve("text"), "Once upon a time there was a little girl.");
        JsonNode b = Command.run(
                        "bench",
                        "tales",
                        "--prompt-tokens",
                        4,
                        "--generated-tokens",
                        2,
                        "--repeat",
                        1,
                        "--exactness",
                        "--text",
                        text,
                        "--threads",
                        1,
                        "--json")
                .done()
                .json();
        assertThat(b.get("threads").intValue()).isEqualTo(1);
        assertThat(b.get("kl").doubleValue()).isBetween(-1e-9, 1e-3);
        assertThat(b.get("largest_logit_difference").doubleValue()).isBetween(0.0, 0.5);
        assertThat(b.get("exactness_tokens").intValue()).isGreaterThan(5);
        assertThat(Command.run("bench", "tales", "--prompt-tokens", 4, "--generated-tokens", 2, "--repeat", 1)
                        .done()
                        .out())
                .containsPattern("generated tokens/s +[0-9.]+\n")
                .containsPattern("threads +[0-9]+\n");
        Command.run("bench", "tales", "--repeat", 0).failed(2, "--repeat");
        Command.run("bench", "tales", "--batch", 0).failed(2, "--batch");
        batches("tales", "prompt_tokens_per_s", "generated_tokens_per_s", "first_token_s");
        batches(Command.model("t5"), "source_s", "generated_tokens_per_s");
        batches(Command.model("bert-pooler"), "texts_per_s");
        batches(Command.model("vit-classes"), "images_per_s");
        Command.run("bench", Command.model("t5"), "--prompt-tokens", 4, "--repeat", 1, "--exactness")
                .failed(2, "--exactness", "decoders");
    }

    private static void batches(Object model, String... keys) {
        JsonNode b = Command.run(
                        "bench",
                        model,
                        "--batch",
                        3,
                        "--prompt-tokens",
                        4,
                        "--generated-tokens",
                        2,
                        "--repeat",
                        1,
                        "--record",
                        "--json")
                .done()
                .json();
        for (String key : keys) {
            assertThat(b.path(key).asDouble()).as(model + " " + key).isPositive();
        }
    }

    @Test
    void models() {
        assertThat(Command.run("models").done().out()).contains("tales");
        JsonNode tales = Command.run("models", "--json").done().json();
        assertThat(tales.get("name").textValue()).isEqualTo("tales");
        assertThat(tales.get("sha256").textValue()).hasSize(64);
    }

    @Test
    void doctor() {
        String out = Command.run("doctor", "--threads", 3).done().out();
        assertThat(out.lines().map(l -> l.split(" ")[0]))
                .contains("Cutaway", "JDK", "JVM", "flags", "system", "cores", "memory", "kernels");
        assertThat(out).contains(System.getProperty("java.home"), "3 used (--threads)", "heap");
    }
}
