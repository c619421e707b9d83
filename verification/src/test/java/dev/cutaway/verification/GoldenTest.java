package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.Family;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every tensor of every architecture against transformers, computed in float64: what is looked at (the opened graph), what runs
 * (the plan), token by token (the cache), and the text that comes out.
 */
class GoldenTest {
    /** Largest difference over the tensor's largest value; float32 sums of these sizes stay below a third of it. */
    private static final double TOLERANCE = 1e-5;

    @TestFactory
    List<DynamicTest> everyTensorOfEveryArchitecture() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : cases()) {
            tests.add(DynamicTest.dynamicTest(c.get("name").asText(), () -> check(c)));
        }
        assertThat(tests).hasSizeGreaterThan(30);
        return tests;
    }

    static Path root() {
        return Path.of("golden").toAbsolutePath();
    }

    /** The cases of transformers, and those of architectures that it does not have. */
    static List<JsonNode> cases() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (String index : List.of("cases.json", "own.json")) {
            new ObjectMapper().readTree(root().resolve(index).toFile()).forEach(all::add);
        }
        return all;
    }

    static Golden open(JsonNode c) {
        return new Golden(
                root().resolve(c.get("model").asText()),
                root().resolve(c.get("inputs").asText()),
                root().resolve(c.get("expected").asText()));
    }

    private static void check(JsonNode c) {
        try (Golden g = open(c)) {
            for (int i = 0; i < g.batch(); i++) {
                try (Session s = g.run(i)) {
                    assertThat(g.errors(i, s))
                            .isNotEmpty()
                            .allSatisfy((name, error) -> assertThat(error)
                                    .as("%s of sequence %d", name, g.batch())
                                    .isLessThan(TOLERANCE));
                    plan(g, s);
                    if (g.expected().names().contains("greedy")) {
                        greedy(g, s, i);
                    }
                }
            }
        }
    }

    /** The plan's outputs are the opened graph's. */
    private static void plan(Golden g, Session s) {
        boolean decoder = g.model().family() == Family.DECODER || g.model().family() == Family.ENCODER_DECODER;
        for (String name : List.of("logits", "nsp_logits", "pooler")) {
            if (s.hasOutput(name)) {
                Tensor look = decoder
                        ? s.look().value(name, s.length() - 1, s.length())
                        : s.look().value(name);
                float[] run = decoder ? s.logits() : s.output(name).toFloats();
                double scale = max(look.toFloats());
                for (int i = 0; i < run.length; i++) {
                    assertThat((double) Math.abs(run[i] - look.get(i))).as(name).isLessThan(TOLERANCE * scale);
                }
            }
        }
    }

    private static double max(float[] x) {
        double m = 1e-6;
        for (float f : x) {
            m = Math.max(m, Math.abs(f));
        }
        return m;
    }

    private static void greedy(Golden g, Session s, int sequence) {
        Tensor want = g.expected().require("greedy");
        int n = (int) want.dim(1);
        int[] expected = new int[n];
        for (int i = 0; i < n; i++) {
            expected[i] = want.getInt((long) sequence * n + i);
        }
        int[] prompt = g.model().family() == Family.ENCODER_DECODER
                ? new int[] {g.model().config().count("decoder_start_token_id", 0)}
                : s.tokens();
        int[] got = s.generate(prompt, GenerateOptions.greedy(n).withIgnoreEnd(true))
                .ids();
        assertThat(got).as(Arrays.toString(expected)).isEqualTo(expected);
    }
}
