package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The command on models of real size, where they are on this machine. */
@Tag("weights")
class RealWeightsTest {
    private static Path model(String file) {
        Path path = Path.of(
                System.getProperty("cutaway.weights", System.getProperty("user.home") + "/.cache/cutaway-peers/models"),
                file);
        if (!Files.exists(path)) {
            System.err.println("SKIPPED: " + path + " is not there");
        }
        assumeTrue(Files.exists(path), path + " is not there");
        return path;
    }

    @Test
    void answersByTheChatTemplate() {
        Path smol = model("SmolLM2-135M-Instruct.Q4_1.gguf");
        Command c = Command.run("run", smol, "What is the capital of France?", "--temperature", 0, "--max-tokens", 24);
        assertThat(c.done().out()).contains("Paris");
    }

    @Test
    void statistics() {
        Path smol = model("SmolLM2-135M-Instruct.Q4_1.gguf");
        List<JsonNode> all = Command.run(
                        "run", smol, "Gravity is", "--raw", "--temperature", 0, "--max-tokens", 8, "--json")
                .done()
                .jsonLines()
                .toList();
        assertThat(all).hasSize(9);
        assertThat(all.getLast().get("stop").textValue()).isEqualTo("length");
        assertThat(all.getLast().get("generated_tokens_per_s").doubleValue()).isPositive();
    }

    @Test
    void sentences() {
        JsonNode e = Command.run("embed", model("minilm"), "A man is eating food.", "--json")
                .done()
                .json();
        assertThat(e.get("embedding")).hasSize(384);
        // transformers 5.23: mean of last_hidden_state
        double[] first = {0.1872, 0.0248, -0.0354, 0.2725, -0.7813, -0.1894};
        for (int i = 0; i < first.length; i++) {
            assertThat(e.get("embedding").get(i).doubleValue())
                    .isCloseTo(first[i], org.assertj.core.data.Offset.offset(2e-4));
        }
    }
}
