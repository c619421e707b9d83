package dev.cutaway.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.cutaway.inspect.InspectorServer;
import dev.cutaway.inspect.RunModels;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.train.run.Recipe;
import dev.cutaway.train.run.RecipeFile;
import dev.cutaway.train.run.RunListener;
import dev.cutaway.train.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training run in the page: curves from its file, live, and the model of every saved step, replayed over the same text. */
@Tag("browser")
final class TrainingTest {
    private static final int STEPS = 60;
    private static final String PATTERN = "document.querySelector('cut-grid[data-tensor$=hook_pattern]')";

    @TempDir
    private static Path dir;

    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void train() throws IOException {
        Files.writeString(
                dir.resolve("fruit.txt"),
                "i like spicy so i like chili\ni like sweet so i like mango\ni like sour so i like lemon\n".repeat(3));
        playwright = Inspector.playwright();
        browser = Inspector.browser(playwright);
        run("whole", STEPS, TrainingRun.Existing.REFUSE, () -> false);
    }

    @AfterAll
    static void close() {
        browser.close();
        playwright.close();
    }

    private static Path out(String name) {
        return dir.resolve(name);
    }

    private static void run(String name, int steps, TrainingRun.Existing existing, BooleanSupplier stop)
            throws IOException {
        Path recipe = Files.writeString(dir.resolve(name + ".yaml"), """
                model: {architecture: gpt_neo, hidden_size: 16, num_layers: 2, num_heads: 2, max_position_embeddings: 12,
                  attention_types: [[[global], 2]], activation_function: relu}
                tokenizer: {train: words, pattern: '\\w+', special_tokens: [<pad>, <unk>]}
                data: {text: %1$s/fruit.txt, lines: true, valid: {text: %1$s/fruit.txt}}
                batch: 3
                steps: %2$d
                optimizer: {lr: 1e-2}
                seed: 1
                checkpoint_every: 20
                snapshots_every: 10
                watch_every: 5
                samples: {prompts: [i like spicy so i like], max_tokens: 2}
                threads: 1
                out: %1$s/%3$s
                """.formatted(dir, steps, name));
        TrainingRun.run(
                Recipe.of(recipe.toString(), RecipeFile.read(recipe, List.of())),
                existing,
                OpenOptions.defaults().withThreads(1),
                stop,
                new RunListener() {});
    }

    private static List<JsonNode> events(String name, String event) throws IOException {
        List<JsonNode> out = new ArrayList<>();
        for (String line : Files.readAllLines(out(name).resolve("run.jsonl"))) {
            JsonNode e = new ObjectMapper().readTree(line);
            if (e.path("event").asText().equals(event)) {
                out.add(e);
            }
        }
        return out;
    }

    private static InspectorServer serve(String name) {
        return InspectorServer.start(
                new RunModels(out(name), OpenOptions.defaults().withThreads(1)), "127.0.0.1", 0);
    }

    private static Page open(InspectorServer server, String hash, int width, int height) {
        Page page = browser.newPage(new Browser.NewPageOptions().setViewportSize(width, height));
        page.setDefaultTimeout(60_000);
        page.navigate(server.address() + hash);
        return page;
    }

    private static void until(Page page, String condition) {
        page.waitForFunction("() => { const a = document.querySelector('cut-app'), s = a.store, t = s.training; return "
                + condition + "; }");
    }

    private static void untilStep(Page page, long step) {
        until(page, "s.shown && s.shown.step === " + step + " && !s.busy && s.missing === 0 && s.asked.size === 0");
    }

    @Test
    void curvesAreTheNumbersOfTheFile() throws IOException {
        List<JsonNode> steps = events("whole", "step");
        assertThat(steps).hasSize(STEPS);
        try (InspectorServer server = serve("whole");
                Page page = open(server, "", 1440, 900)) {
            until(page, "t && t.rows.length === " + STEPS);
            untilStep(page, STEPS);
            assertThat(page.url()).contains("#/training");
            for (JsonNode e : steps) {
                Object drawn = page.evaluate("document.querySelector('cut-curves').point(" + e.get("step") + ").loss");
                assertThat(((Number) drawn).doubleValue())
                        .isEqualTo(e.get("loss").asDouble());
            }
            // The line is drawn where it says: ink in the column of a step, at the height of its loss.
            assertThat(page.evaluate("""
                    () => { const c = document.querySelector('cut-curves'), p = c.point(30), k = devicePixelRatio;
                      const d = c.querySelector('canvas').getContext('2d').getImageData(p.x * k - 1, p.y * k - 1, 3, 3).data;
                      return [...d].some((v, i) => i % 4 === 3 && v > 100); }
                    """)).isEqualTo(true);
            page.locator("cut-curves .sheet")
                    .hover(new com.microsoft.playwright.Locator.HoverOptions()
                            .setPosition(
                                    Inspector.number(page, "document.querySelector('cut-curves').point(20).x"), 60));
            JsonNode twenty = steps.get(19);
            assertThat(page.locator("#tip").innerText())
                    .contains("step 20")
                    .contains("loss " + digits(twenty.get("loss").asDouble()))
                    .contains("norm of the gradient "
                            + digits(twenty.get("grad_norm").asDouble()))
                    .contains("held-out loss "
                            + digits(events("whole", "valid")
                                    .getFirst()
                                    .get("loss")
                                    .asDouble()));
            assertThat(page.locator("#panel").innerText())
                    .contains("Finished")
                    .contains("i like spicy so i like")
                    .contains("hidden_size");
        }
    }

    private static String digits(double x) {
        java.math.BigDecimal d = new java.math.BigDecimal(x).round(new java.math.MathContext(6));
        return d.stripTrailingZeros().toPlainString();
    }

    @Test
    void thePageFollowsARunThatGoesOnAndOneThatStartsAnew() throws IOException {
        int[] asked = {0};
        run("live", STEPS, TrainingRun.Existing.REFUSE, () -> ++asked[0] > 24);
        try (InspectorServer server = serve("live");
                Page page = open(server, "#/training", 1440, 900)) {
            until(page, "t && t.step === 24");
            untilStep(page, 24); // a run that is stopped saves where it is
            // As a process that writes while the page looks, with a line that is only half there.
            Path file = out("live").resolve("run.jsonl");
            Files.writeString(
                    file,
                    "{\"event\":\"step\",\"step\":25,\"loss\":1.25,\"grad_norm\":1,\"lr\":0.1,\"tokens_per_s\":1,\"time\":1}\n{\"event\":\"st",
                    StandardOpenOption.APPEND);
            until(page, "t.step === 25 && t.last[1] === 1.25 && t.complaint === ''");
            // The real run goes on from its checkpoint, which cuts the file back.
            run("live", STEPS, TrainingRun.Existing.RESUME, () -> false);
            until(page, "t.step === " + STEPS + " && t.finished");
            untilStep(page, STEPS);
            assertThat(page.evaluate("document.querySelector('cut-app').store.training.rows.map(r => r[1])"))
                    .isEqualTo(events("live", "step").stream()
                            .map(e -> e.get("loss").asDouble())
                            .toList());
            Files.writeString(file, "my novel\n", StandardOpenOption.APPEND);
            page.locator("#panel .warn").waitFor();
            assertThat(page.locator("#panel .warn").innerText())
                    .contains("run.jsonl: line")
                    .contains("left out");
            run("live", 20, TrainingRun.Existing.OVERWRITE, () -> false);
            until(page, "t.steps === 20 && t.finished && t.rows.length === 20");
            untilStep(page, 20);
        }
    }

    @Test
    void aPatternIsReplayedOverTheSavedSteps() throws IOException {
        try (InspectorServer server = serve("whole");
                Page page = open(server, "#/head/1/0?step=0&q=5", 1440, 900)) {
            untilStep(page, 0);
            page.waitForFunction("() => " + PATTERN + "?.valueAt(5, 0) > 0");
            page.evaluate("""
                    () => { const s = document.querySelector('cut-app').store; window.seen = [];
                      const look = () => { const g = document.querySelector('cut-grid[data-tensor$=hook_pattern]');
                        const now = JSON.stringify([s.shown.step, [0, 1, 2, 3, 4, 5].map((k) => g.valueAt(5, k))]);
                        if (seen[seen.length - 1] !== now) seen.push(now);
                        requestAnimationFrame(look); };
                      look(); }
                    """);
            page.getByLabel("Play all saved steps").click();
            untilStep(page, STEPS);
            page.waitForFunction("() => !document.querySelector('cut-app').playing");
            List<?> seen = (List<?>) page.evaluate("seen.map(JSON.parse)");
            assertThat(seen).hasSize(1 + STEPS / 10); // each step once, whole, and nothing between two
            for (int i = 0; i < seen.size(); i++) {
                List<?> one = (List<?>) seen.get(i);
                int step = ((Number) one.get(0)).intValue();
                assertThat(step).isEqualTo(10 * i);
                double[] want = pattern(step);
                for (int k = 0; k < want.length; k++) {
                    assertThat(((Number) ((List<?>) one.get(1)).get(k)).doubleValue())
                            .as("step %d, key %d", step, k)
                            .isCloseTo(want[k], within(1e-6));
                }
            }
            page.locator("#steps input").focus();
            page.keyboard().press("ArrowLeft");
            untilStep(page, STEPS - 10);
            assertThat(page.url()).contains("step=50");
        }
    }

    /** What the head attends to after the prompt, by the engine itself. */
    private static double[] pattern(int step) {
        try (Model m = Model.open(out("whole").resolve("snapshots/step-" + step).toString());
                Session s = m.session()) {
            s.append(m.tokenizer().ids("i like spicy so i like", EncodeOptions.TEXT));
            Tensor p = s.look().value("blocks.1.attn.hook_pattern");
            double[] row = new double[6];
            for (int k = 0; k < 6; k++) {
                row[k] = p.get(5 * 6 + k);
            }
            return row;
        }
    }

    @Test
    void whatOneStepsModelWroteStaysTheText() {
        try (InspectorServer server = serve("whole");
                Page page = open(server, "#/model?step=60", 1440, 900)) {
            untilStep(page, STEPS);
            page.getByLabel("Generate one token").click();
            until(page, "s.tokens.length === 7 && !s.busy");
            Object text = page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.text)");
            page.getByLabel("The saved step before").click();
            untilStep(page, 50);
            assertThat(page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.text)"))
                    .isEqualTo(text);
            page.reload();
            untilStep(page, 50);
            assertThat(page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.text)"))
                    .isEqualTo(text);
        }
    }

    @Test
    void aRunThatHasNotBegunIsWaitedFor() throws IOException {
        Files.createDirectories(out("later"));
        try (InspectorServer server = serve("later");
                Page page = open(server, "", 1000, 700)) {
            page.getByText("This run has not begun").waitFor();
            page.navigate(server.address() + "#/model");
            page.getByText("No step is saved yet").waitFor();
            run("later", 10, TrainingRun.Existing.REFUSE, () -> false);
            untilStep(page, 10);
        }
    }

    @Test
    void everyoneCanReadIt() {
        try (InspectorServer server = serve("whole")) {
            for (Map.Entry<String, Integer> e :
                    Map.of("light", 1440, "dark", 720).entrySet()) {
                for (String more : List.of("", "&twin=1")) {
                    try (Page page = open(server, "#/training?th=" + e.getKey() + more, e.getValue(), 900)) {
                        untilStep(page, STEPS);
                        assertThat(new AxeBuilder(page)
                                        .analyze().getViolations().stream()
                                                .map(r -> r.getId() + " "
                                                        + r.getNodes()
                                                                .getFirst()
                                                                .getHtml())
                                                .toList())
                                .as(e.getKey() + more)
                                .isEmpty();
                        if (!more.isEmpty()) {
                            assertThat(page.locator(".twin td").count()).isGreaterThan(5 * STEPS);
                        }
                    }
                }
            }
            try (Page page = open(server, "#/training", 1440, 900)) {
                untilStep(page, STEPS);
                page.locator("cut-curves .sheet").focus();
                page.keyboard().press("Home");
                page.waitForFunction("() => document.getElementById('live').textContent.startsWith('step 1, loss')");
            }
        }
    }
}
