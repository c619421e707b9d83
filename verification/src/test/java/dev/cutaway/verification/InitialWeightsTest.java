package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Config;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Random weights against those of transformers ({@code verification/train/runs/make_laws.py}): the same tensors, the same law in each. */
class InitialWeightsTest {
    private static JsonNode laws() throws IOException {
        return new ObjectMapper()
                .readTree(Files.readString(
                        GoldenTest.root().resolveSibling("train/runs").resolve("laws.json")));
    }

    @SuppressWarnings("unchecked")
    private static Blueprint blueprint(String name, JsonNode config) {
        return Blueprint.of(new Config(name, new ObjectMapper().convertValue(config, Map.class)));
    }

    @TestFactory
    List<DynamicTest> weightsBeginAsInTransformers() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        laws().properties()
                .forEach(e -> tests.add(DynamicTest.dynamicTest(e.getKey(), () -> check(e.getKey(), e.getValue()))));
        assertThat(tests).hasSizeGreaterThan(10);
        return tests;
    }

    private static void check(String name, JsonNode law) {
        try (Blueprint b = blueprint(name, law.get("config"))) {
            Map<String, Tensor> all = b.stored(p -> b.weight(p, 5));
            TreeSet<String> names = new TreeSet<>(all.keySet());
            if (name.equals("t5-v1_1")) {
                names.remove("lm_head.weight"); // transformers 5 begins with a shared one there, T5 1.1 has its own
            }
            assertThat(names)
                    .isEqualTo(new TreeSet<>(law.get("tensors").properties().stream()
                            .map(Map.Entry::getKey)
                            .toList()));
            law.get("tensors")
                    .properties()
                    .forEach(e -> compare(e.getKey(), Objects.requireNonNull(all.get(e.getKey())), e.getValue()));
        }
    }

    private static void compare(String name, Tensor t, JsonNode law) {
        List<Long> shape = new ArrayList<>();
        law.get("shape").forEach(d -> shape.add(d.asLong()));
        assertThat(t.shape())
                .as(name)
                .isEqualTo(shape.stream().mapToLong(Long::longValue).toArray());
        double sum = 0;
        double squares = 0;
        for (long i = 0; i < t.size(); i++) {
            sum += t.get(i);
            squares += (double) t.get(i) * t.get(i);
        }
        double mean = sum / t.size();
        double deviation = Math.sqrt(Math.max(0, squares / t.size() - mean * mean));
        double of = law.get("deviation").asDouble();
        // Both are samples: five standard errors of their difference.
        double error = 5 * Math.sqrt(2.0 / t.size());
        assertThat(mean).as("mean of %s", name).isCloseTo(law.get("mean").asDouble(), within(1e-5 + of * error));
        assertThat(deviation).as("deviation of %s", name).isCloseTo(of, within(1e-5 + of * error / Math.sqrt(2)));
        List<Integer> zeros = new ArrayList<>();
        for (int row = 0; t.rank() > 1 && of > 0 && row < t.dim(0); row++) {
            boolean zero = true;
            for (float x : t.row(row).toFloats()) {
                zero &= x == 0;
            }
            if (zero) {
                zeros.add(row);
            }
        }
        List<Integer> wanted = new ArrayList<>();
        law.path("zeros").forEach(z -> wanted.add(z.asInt()));
        assertThat(zeros).as("rows of zeros in %s", name).isEqualTo(wanted);
    }

    @Test
    void theSeedDecides() throws IOException {
        JsonNode config = laws().get("gpt2").get("config");
        try (Blueprint a = blueprint("a", config);
                Blueprint b = blueprint("b", config)) {
            a.stored(p -> a.weight(p, 1)).forEach((name, t) -> {
                float[] again = Objects.requireNonNull(
                                b.stored(p -> b.weight(p, 1)).get(name))
                        .toFloats();
                float[] other = Objects.requireNonNull(
                                b.stored(p -> b.weight(p, 2)).get(name))
                        .toFloats();
                assertThat(t.toFloats()).as(name).isEqualTo(again);
                if (t.rank() > 1) {
                    assertThat(t.toFloats()).as(name).isNotEqualTo(other);
                }
            });
        }
    }
}
