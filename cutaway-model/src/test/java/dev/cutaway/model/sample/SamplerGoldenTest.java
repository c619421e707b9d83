package dev.cutaway.model.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each stage, and several after each other, leave what transformers' processors leave. */
class SamplerGoldenTest {

    @TestFactory
    Stream<DynamicTest> asTransformers() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : new ObjectMapper().readTree(Files.readString(golden()))) {
            tests.add(DynamicTest.dynamicTest(tests.size() + " " + one.get("stages"), () -> check(one)));
        }
        return tests.stream();
    }

    private static Path golden() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("verification/golden/sampling.json");
            if (Files.exists(file)) {
                return file;
            }
        }
        throw new IllegalStateException(
                "no verification/golden above " + Path.of("").toAbsolutePath());
    }

    private static void check(JsonNode one) {
        float[] logits = new float[one.get("logits").size()];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) one.get("logits").get(i).asDouble();
        }
        List<Stage> stages = new ArrayList<>();
        for (JsonNode stage : one.get("stages")) {
            for (Map.Entry<String, JsonNode> entry : stage.properties()) {
                stages.add(stage(entry.getKey(), entry.getValue()));
            }
        }
        Sampler sampler = new Sampler(stages, 1, logits.length);
        one.get("previous").forEach(id -> sampler.prompt(id.asInt()));
        Distribution left = sampler.distribution(logits);
        List<Integer> kept = new ArrayList<>();
        one.get("kept").forEach(id -> kept.add(id.asInt()));
        assertThat(Arrays.stream(left.ids()).boxed().toList()).containsExactlyInAnyOrderElementsOf(kept);
        for (int i = 0; i < left.ids().length; i++) {
            double theirs =
                    one.get("probabilities").get(kept.indexOf(left.ids()[i])).asDouble();
            assertThat((double) left.probabilities()[i]).isCloseTo(theirs, within(2e-6 * theirs + 1e-9));
        }
        assertThat(left.cuts()).hasSameSizeAs(stages);
        assertThat(left.cuts().getLast().after()).isEqualTo(kept.size());
    }

    private static Stage stage(String name, JsonNode value) {
        return switch (name) {
            case "temperature" -> new Stage.Temperature(value.asDouble());
            case "top_k" -> new Stage.TopK(value.asInt());
            case "top_p" -> new Stage.TopP(value.asDouble());
            case "min_p" -> new Stage.MinP(value.asDouble());
            case "typical" -> new Stage.Typical(value.asDouble());
            case "repeat_penalty" -> new Stage.RepeatPenalty(value.asDouble());
            case "logit_bias" -> {
                TreeMap<Integer, Double> biases = new TreeMap<>();
                value.properties()
                        .forEach(e -> biases.put(
                                Integer.parseInt(e.getKey()), e.getValue().asDouble()));
                yield new Stage.LogitBias(biases);
            }
            default -> throw new IllegalStateException(name);
        };
    }
}
