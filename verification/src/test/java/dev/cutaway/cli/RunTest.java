package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.format.Safetensors;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTest {
    @Test
    void temperatureZeroGivesTheReferencesTokens() {
        for (String name : List.of("gpt2", "llama", "qwen3", "gemma3_text", "phi3")) {
            try (Safetensors in = Safetensors.open(Command.GOLDEN.resolve("inputs/" + name + ".safetensors"));
                    Safetensors expected =
                            Safetensors.open(Command.GOLDEN.resolve("expected/" + name + ".safetensors"))) {
                Tensor ids = in.require("input_ids");
                Tensor greedy = expected.require("greedy");
                List<String> prompt = new ArrayList<>();
                for (int i = 0; i < ids.dim(1); i++) {
                    prompt.add(Long.toString(ids.getLong(i)));
                }
                Command c = Command.run(
                        "run",
                        Command.model(name),
                        "--tokens",
                        String.join(" ", prompt),
                        "--json",
                        "--temperature",
                        0,
                        "--ignore-eos",
                        "--max-tokens",
                        greedy.dim(1));
                assertThat(c.code()).as(c.err()).isZero();
                List<JsonNode> lines = c.jsonLines().toList();
                for (int i = 0; i < greedy.dim(1); i++) {
                    assertThat(lines.get(i).get("id").longValue())
                            .as(name + " " + i)
                            .isEqualTo(greedy.getLong(i));
                    assertThat(lines.get(i).get("logprob").doubleValue()).isNegative();
                }
                JsonNode end = lines.getLast();
                assertThat(end.get("prompt_tokens").intValue()).isEqualTo(prompt.size());
                assertThat(end.get("generated_tokens").longValue()).isEqualTo(greedy.dim(1));
                assertThat(end.fieldNames())
                        .toIterable()
                        .containsExactly(
                                "prompt_tokens",
                                "generated_tokens",
                                "prompt_tokens_per_s",
                                "generated_tokens_per_s",
                                "first_token_s",
                                "stop");
            }
        }
    }

    @Test
    void theTextIsTheTokensText() {
        String text = Command.run("run", "tales", "Once upon a time", "--seed", 7, "--max-tokens", 24)
                .done()
                .out();
        Command json = Command.run("run", "tales", "Once upon a time", "--seed", 7, "--max-tokens", 24, "--json")
                .done();
        StringBuilder joined = new StringBuilder();
        json.jsonLines()
                .filter(n -> n.has("text"))
                .forEach(n -> joined.append(n.get("text").textValue()));
        assertThat(text.strip()).startsWith(joined.toString().strip());
        assertThat(Command.run("run", "tales", "Once upon a time", "--seed", 7, "--max-tokens", 24)
                        .done()
                        .out())
                .isEqualTo(text);
    }

    @Test
    void stops() {
        Command all = Command.run("run", "tales", "Once upon", "--temperature", 0, "--max-tokens", 16)
                .done();
        String word = all.out().strip().split(" ")[3];
        Command cut = Command.run("run", "tales", "Once upon", "--temperature", 0, "--max-tokens", 16, "--stop", word)
                .done();
        assertThat(cut.out()).doesNotContain(word);
        assertThat(all.out()).startsWith(cut.out().stripTrailing());
        JsonNode end = Command.run(
                        "run", "tales", "Once upon", "--temperature", 0, "--max-tokens", 16, "--stop", word, "--json")
                .done()
                .jsonLines()
                .toList()
                .getLast();
        assertThat(end.get("stop").textValue()).isEqualTo("stop");
        assertThat(Command.run("run", "tales", "x", "--max-tokens", 0, "--json")
                        .done()
                        .jsonLines()
                        .toList())
                .hasSize(1);
    }

    @Test
    void conversation(@TempDir Path other) throws IOException {
        Path model = Command.withWords("llama", other.resolve("m"));
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"eos_token\":\"w2\",\"chat_template\":\"{% for m in messages %}{{ m.content }} w9 {% endfor %}w8\"}");
        Command c = Command.given(
                "w5 w6\n/help\n/nonsense\n/reset\nw7\n/exit\nw5\n", "run", model, "--max-tokens", 3, "--seed", 1);
        assertThat(c.code()).as(c.err()).isZero();
        assertThat(c.err()).contains("/reset", "no command", "forgotten");
        assertThat(c.lines()).hasSize(2);
        Command json =
                Command.given("w5\n", "run", model, "--max-tokens", 3, "--json").done();
        assertThat(json.jsonLines().toList().getLast().get("prompt_tokens").intValue())
                .isEqualTo(3);
        Command system = Command.given("w5\n", "run", model, "--max-tokens", 3, "--json", "--system", "w4")
                .done();
        assertThat(system.jsonLines().toList().getLast().get("prompt_tokens").intValue())
                .isEqualTo(5);
        Command raw = Command.given("w5\n", "run", model, "--raw", "--max-tokens", 3, "--json")
                .done();
        assertThat(raw.jsonLines().toList().getLast().get("prompt_tokens").intValue())
                .isEqualTo(1);
    }

    @Test
    void oldTurnsAreForgottenAndTheSystemPromptIsKept(@TempDir Path other) throws IOException {
        Path model = Command.withWords("llama", other.resolve("m"));
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"eos_token\":\"w2\",\"chat_template\":\"{% for m in messages %}{{ m.content }} {% endfor %}w8\"}");
        String turn = "w5 w6 w7 w5 w6 w7\n";
        Command c = Command.given(
                turn + turn + turn + turn,
                "run",
                model,
                "--max-tokens",
                4,
                "--context",
                20,
                "--system",
                "w4",
                "--ignore-eos");
        assertThat(c.code()).as(c.err()).isZero();
        assertThat(c.err()).contains("context of 20", "forgotten", "system prompt is kept");
        Command.given("w5 w5 w5 w5 w5 w5\n", "run", model, "--context", 4).failed(0, "shorten");
    }

    @Test
    void beyondTheContext() {
        String many = String.join(",", java.util.Collections.nCopies(60, "5"));
        Command learned = Command.run("run", Command.model("gpt2"), "--tokens", many, "--max-tokens", 3);
        learned.failed(3, "60 tokens", "context");
        Command rotary = Command.run("run", "tales", "--tokens", "5,6,7", "--context", 5, "--max-tokens", 40, "--json")
                .done();
        assertThat(rotary.jsonLines().toList().getLast().get("stop").textValue())
                .isEqualTo("length");
    }

    @Test
    void wrongUsage() {
        Command.run("run", "tales", "x", "--temperature", -1).failed(2, "temperature");
        Command.run("run", "tales", "x", "--top-p", 2).failed(2, "top-p");
        Command.run("run", "tales", "x", "--top-k", "many").failed(2, "--top-k", "many", "is not a whole number");
        Command.run("run", "tales", "x", "--temperature", "warm").failed(2, "--temperature", "warm", "is not a number");
        Command.run("run", "tales", "x", "--max-tokens", -3).failed(2, "--max-tokens");
        Command.run("run", "tales", "x", "--logit-bias", "a=b").failed(2, "--logit-bias");
        Command.run("run", "tales", "x", "--stop", "").failed(2, "stop");
        Command.run("run", "tales", "x", "--tokens", "1").failed(2, "--tokens");
        Command.run("run", "tales", "x", "--temprature", 0).failed(2, "--temperature");
        Command.run("run", "tales", "x", "y").failed(2, "y");
        Command.run("run", "tales", "x", "--system", "y").failed(2, "--system");
        Command.run("run", "tales", "x", "--threads", 0).failed(2, "--threads");
        Command.run("run", Command.model("bert-classes"), "--tokens", "1").failed(2, "classify");
        Command.run("rnu", "tales").failed(2, "rnu", "run");
        Command.run("run").failed(2, "MODEL");
    }

    @Test
    void helpAndVersion() {
        assertThat(Command.run("--help").done().out())
                .contains("tokenize", "probe", "describe", "convert", "--threads");
        assertThat(Command.run("run", "--help").done().out()).contains("--temperature", "--threads", "--verbose");
        assertThat(Command.run("help").done().out())
                .isEqualTo(Command.run("--help").done().out());
        assertThat(Command.run("help", "run").done().out())
                .isEqualTo(Command.run("run", "--help").done().out());
        assertThat(Command.run("--version").done().out()).startsWith("cutaway ");
    }
}
