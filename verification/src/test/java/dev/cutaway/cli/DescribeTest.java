package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescribeTest {
    @Test
    void knownCounts() throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(Command.GOLDEN.resolve("configs.json").toFile());
        for (JsonNode c : cases) {
            JsonNode d = Command.run(
                            "describe", Command.GOLDEN.resolve(c.get("config").textValue()), "--json")
                    .done()
                    .json();
            String name = c.get("name").textValue();
            assertThat(d.get("parameters").longValue())
                    .as(name)
                    .isEqualTo(c.get("all").longValue());
            if (c.has("matrices")) {
                assertThat(d.get("matrices").longValue())
                        .as(name)
                        .isEqualTo(c.get("matrices").longValue());
                assertThat(d.get("tied").booleanValue())
                        .as(name)
                        .isEqualTo(c.get("tied").booleanValue());
            }
            long sum = 0;
            for (JsonNode row : d.get("components")) {
                sum += row.get("shared").booleanValue()
                        ? 0
                        : row.get("parameters").longValue();
            }
            assertThat(sum).as(name).isEqualTo(d.get("parameters").longValue());
        }
    }

    @Test
    void theLedgerOfGpt3() {
        Command c = Command.run("describe", Command.GOLDEN.resolve("configs/gpt3-175b/config.json"))
                .done();
        assertThat(c.out()).contains("175,181,291,520", "617,558,016", "14,495,514,624", "57,982,058,496", "tied");
        assertThat(Command.run("describe", Command.GOLDEN.resolve("configs/gpt2-small"))
                        .done()
                        .out())
                .contains("124,439,808");
    }

    @Test
    void modelsWithWeights() {
        JsonNode directory =
                Command.run("describe", Command.model("llama"), "--json").done().json();
        JsonNode gguf = Command.run("describe", Command.GOLDEN.resolve("gguf/llama.gguf"), "--json")
                .done()
                .json();
        assertThat(gguf.get("parameters")).isEqualTo(directory.get("parameters"));
        assertThat(directory.get("weight_bytes").longValue()).isPositive();
        assertThat(Command.run("describe", "tales").done().out()).contains("KV cache");
    }

    @Test
    void wrongInput(@TempDir Path dir) throws IOException {
        Command.run("describe", dir.resolve("none")).failed(3, "none");
        Command.run("describe", dir).failed(3, "config.json");
        Files.writeString(dir.resolve("config.json"), "{\"model_type\":\"mamba\"}");
        Command.run("describe", dir.resolve("config.json")).failed(3, "mamba", "llama", "gpt2");
        Files.writeString(dir.resolve("config.json"), "{\"model_type\":\"gpt2\"");
        Command.run("describe", dir.resolve("config.json")).failed(3, "config.json");
        Files.writeString(dir.resolve("config.json"), "{\"model_type\":\"gpt2\",\"n_embd\":-4}");
        Command.run("describe", dir.resolve("config.json")).failed(3, "config.json", "n_embd", "-4");
        Files.writeString(dir.resolve("config.json"), "[]");
        Command.run("describe", dir.resolve("config.json")).failed(3, "config.json");
    }
}
