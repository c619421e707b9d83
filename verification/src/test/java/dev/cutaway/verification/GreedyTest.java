package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.text.EncodeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Models of real size choose the tokens that llama.cpp chooses, step by step along its own greedy texts (made by
 * verification/weights/make_greedy.py). With the weights widened to float32 it rounds only its cache, and may differ where
 * its likeliest tokens are as good as equal; with the quantised weights it rounds activations to 8 bits and may differ more.
 */
@Tag("weights")
class GreedyTest {
    /** Difference of log probabilities that 16 bits in the cache may turn around. */
    private static final double CACHE = 0.02;

    /** Difference of log probabilities that activations of 8 bits may turn around. */
    private static final double ACTIVATIONS = 0.5;

    @ParameterizedTest
    @ValueSource(strings = {"SmolLM2-135M-Instruct.Q4_1", "gemma-3-270m-Q4_K_M"})
    void choosesWhatLlamaCppChooses(String name) throws IOException {
        compare(name, name + ".f32", CACHE);
        compare(name, name, ACTIVATIONS);
    }

    private static void compare(String name, String reference, double rounding) throws IOException {
        Path file = Path.of(
                System.getProperty("cutaway.weights", System.getProperty("user.home") + "/.cache/cutaway-peers/models"),
                name + ".gguf");
        assumeThat(Files.exists(file)).as("%s is there", file).isTrue();
        JsonNode expected;
        try (var in = Objects.requireNonNull(
                GreedyTest.class.getResourceAsStream("/dev/cutaway/weights/" + reference + ".json"))) {
            expected = new ObjectMapper().readTree(in);
        }
        int steps = 0;
        int other = 0;
        try (Model model = Model.open(file)) {
            for (JsonNode c : expected.get("cases")) {
                String prompt = c.get("prompt").textValue();
                int[] ids = new int[c.get("ids").size()];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = c.get("ids").get(i).intValue();
                }
                assertThat(model.tokenizer().ids(prompt, EncodeOptions.TEXT))
                        .as(prompt)
                        .containsExactly(ids);
                try (Session session = model.session()) {
                    float[] logits = session.append(ids);
                    for (JsonNode step : c.get("steps")) { // its token, and the likeliest with their distances
                        int theirs = step.get(1).get(0).get(0).intValue(); // the likeliest; it had to ignore the end
                        int ours = best(logits);
                        steps++;
                        if (ours != theirs) {
                            other++;
                            double behind = Double.POSITIVE_INFINITY;
                            for (JsonNode likely : step.get(1)) {
                                if (likely.get(0).intValue() == ours) {
                                    behind = likely.get(1).doubleValue();
                                }
                            }
                            System.out.println(reference + ": " + prompt + ", step " + steps + ": " + ours + " by "
                                    + (logits[ours] - logits[theirs]) + ", llama.cpp " + theirs + " by " + behind);
                            assertThat(behind).as("%s, step %d", prompt, steps).isLessThan(rounding);
                        }
                        logits = session.append(step.get(0).intValue());
                    }
                }
            }
        }
        assertThat(steps).isGreaterThan(250);
        assertThat(other).isLessThan(steps / 20);
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }
}
