package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code translate --beams} against transformers' beam search; golden/make_beams.py made what is expected. */
class BeamsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path dir;

    @Test
    void likeTransformers() throws IOException {
        int n = 0;
        for (JsonNode c : JSON.readTree(Command.GOLDEN.resolve("beams.json").toFile())) {
            String name = c.required("model").textValue();
            Path model = withEnds(name, c, dir.resolve("case" + n++));
            List<Object> args = new ArrayList<>(List.of(
                    "translate",
                    model,
                    "--tokens",
                    c.required("source").toString().replaceAll("[\\[\\]]", ""),
                    "--beams",
                    c.required("beams"),
                    "--max-tokens",
                    c.required("max_tokens"),
                    "--json"));
            if (c.required("beams").intValue() > 1) {
                args.addAll(List.of("--length-penalty", c.required("length_penalty")));
            }
            List<JsonNode> lines =
                    Command.run(args.toArray()).done().jsonLines().toList();
            List<JsonNode> tokens = lines.subList(0, lines.size() - 1);
            assertThat(tokens.stream().map(t -> t.get("id").intValue()))
                    .as("%s", c)
                    .containsExactlyElementsOf(JSON.convertValue(
                            c.get("tokens"), JSON.getTypeFactory().constructCollectionType(List.class, Integer.class)));
            if (c.get("score").isNumber()) {
                double sum = tokens.stream()
                        .mapToDouble(t -> t.get("logprob").doubleValue())
                        .sum();
                double score = sum
                        / Math.pow(tokens.size(), c.required("length_penalty").doubleValue());
                double expected = c.get("score").doubleValue();
                assertThat(score).as("%s", c).isCloseTo(expected, Offset.offset(1e-4 * (1 + Math.abs(expected))));
            }
            int last = tokens.getLast().get("id").intValue();
            boolean ended = c.required("ends").valueStream().anyMatch(e -> e.intValue() == last);
            assertThat(lines.getLast().get("stop").textValue()).isEqualTo(ended ? "eos" : "length");
        }
        assertThat(n).isGreaterThan(70);
    }

    /** The model with the case's end tokens and way to stop. */
    private static Path withEnds(String name, JsonNode c, Path to) throws IOException {
        Path model = Files.createDirectories(to);
        try (var files = Files.list(Command.model(name))) {
            for (Path f : files.toList()) {
                Files.copy(f, model.resolve(f.getFileName()));
            }
        }
        Path file = model.resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        config.remove("eos_token_id");
        config.remove("forced_eos_token_id");
        JSON.writeValue(file.toFile(), config);
        ObjectNode generation = JSON.createObjectNode();
        generation.set("eos_token_id", c.required("ends"));
        generation.set("early_stopping", c.required("early_stopping"));
        generation.setAll((ObjectNode) c.required("rules"));
        JSON.writeValue(model.resolve("generation_config.json").toFile(), generation);
        return model;
    }

    @Test
    void wrongUsage() {
        Path t5 = Command.model("t5");
        Command.run("translate", t5, "--tokens", "5", "--beams", 0).failed(2, "--beams", "0");
        Command.run("translate", t5, "--tokens", "5", "--beams", 1000).failed(2, "--beams", "64");
        Command.run("translate", t5, "--tokens", "5", "--length-penalty", 2).failed(2, "--length-penalty", "--beams");
        Command.run("translate", t5, "--tokens", "5", "--beams", 2, "--temperature", 1)
                .failed(2, "--beams", "--max-tokens");
        Command.run("translate", t5, "--tokens", "5", "--beams", 2, "--stop", "x")
                .failed(2, "--beams");
        Command.run("translate", t5, "--tokens", "500", "--beams", 2).failed(3, "500", "vocabulary");
    }
}
