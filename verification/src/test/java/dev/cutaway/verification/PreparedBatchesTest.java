package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.Model;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Trained;
import dev.cutaway.train.data.Batches;
import dev.cutaway.train.data.DataContext;
import dev.cutaway.train.data.DataSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The loss of prepared batches, padding and shifting included, against transformers' own ({@code train/batches.py}). */
class PreparedBatchesTest {
    private static final double TOLERANCE = 2e-5;

    @TestFactory
    List<DynamicTest> lossesAreThoseOfTransformers() throws IOException {
        Path folder = Path.of("train").toAbsolutePath();
        JsonNode all = new ObjectMapper().readTree(folder.resolve("losses.json").toFile());
        List<DynamicTest> tests = new ArrayList<>();
        all.properties()
                .forEach(c ->
                        tests.add(DynamicTest.dynamicTest(c.getKey(), () -> check(folder, c.getKey(), c.getValue()))));
        assertThat(tests).hasSizeGreaterThan(10);
        return tests;
    }

    private static void check(Path folder, String name, JsonNode c) {
        String objective = c.get("objective").asText();
        Path file = folder.resolve("batches/" + name + ".safetensors");
        try (Model model = Model.open(
                        GoldenTest.root().resolve("models/" + c.get("model").asText()));
                Batches batches = DataSource.of(
                        Map.of("batches", file.toString()),
                        objective,
                        DataContext.of(model, c.get("batch").asInt(), 9, 1))) {
            List<Objective.Part> parts = new ArrayList<>(List.of(new Objective.Part("logits", "labels", 0)));
            if (objective.endsWith("next-sentence")) {
                parts.add(new Objective.Part("nsp_logits", "next_sentence_label", 0));
            }
            Backward backward = new Backward(
                    Objective.of(model.graph(), parts, p -> true), Trained.copyOf(model.graph(), model::weight));
            JsonNode losses = c.get("losses");
            for (int s = 1; s <= losses.size(); s++) {
                double loss = backward.of(batches.batch(s)).loss();
                double expected = losses.get(s - 1).asDouble();
                assertThat(Math.abs(loss - expected))
                        .as("step %d: %s, transformers says %s", s, loss, expected)
                        .isLessThan(TOLERANCE * expected);
            }
        }
    }
}
