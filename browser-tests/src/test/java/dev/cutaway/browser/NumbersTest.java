package dev.cutaway.browser;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import dev.cutaway.model.Look;
import dev.cutaway.model.Session;
import dev.cutaway.model.StoredWeight;
import dev.cutaway.model.sample.Sampler;
import dev.cutaway.model.sample.SamplingOptions;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The numbers of the page are the numbers of the engine. */
@Tag("browser")
final class NumbersTest {
    @RegisterExtension
    static final Inspector INSPECTOR = new Inspector();

    private static final String PROMPT = "p=The+old+man+and+the+sea&g=2&T=0";
    private static final int SAMPLES = 12;
    private static final double ROUNDING = 1e-5;

    @Test
    void tilesOfALayerHoldItsTensors() {
        try (Page page = INSPECTOR.page("#/layer/2/3?q=4&" + PROMPT)) {
            Look look = INSPECTOR.look(page);
            Random random = new Random(7);
            for (String name : List.of(
                    "hook_resid_pre",
                    "hook_resid_mid",
                    "hook_resid_post",
                    "hook_attn_out",
                    "mlp.hook_pre",
                    "mlp.hook_post")) {
                compare(page, look.value("blocks.2." + name), "blocks.2." + name, random);
            }
        }
    }

    /** Tiles have tokens across and coordinates down. */
    private static void compare(Page page, Tensor expected, String name, Random random) {
        for (int i = 0; i < SAMPLES; i++) {
            int position = random.nextInt((int) expected.dim(1));
            int coordinate = random.nextInt((int) expected.dim(2));
            double shown = Inspector.number(
                    page,
                    "document.querySelector('cut-grid[data-tensor=\"" + name + "\"]').valueAt(" + coordinate + ","
                            + position + ")");
            double kept = expected.get(position * expected.dim(2) + coordinate);
            assertThat(shown)
                    .as("%s[0, %d, %d]", name, position, coordinate)
                    .isCloseTo(kept, within(ROUNDING * Math.max(1, Math.abs(kept))));
        }
    }

    @Test
    void theGridOfAHeadHoldsItsWeights() {
        try (Page page = INSPECTOR.page("#/layer/2/3?q=4&stage=pattern&" + PROMPT)) {
            Tensor pattern = INSPECTOR.look(page).value("blocks.2.attn.hook_pattern");
            long keys = pattern.dim(3);
            for (int q = 0; q < keys; q++) {
                for (int k = 0; k <= q; k++) {
                    double shown = Inspector.number(
                            page,
                            "document.querySelector('cut-grid[data-tensor$=hook_pattern]').valueAt(" + q + "," + k
                                    + ")");
                    assertThat(shown).isCloseTo(pattern.get((3 * keys + q) * keys + k), within(1e-6));
                }
            }
        }
    }

    /** Also where a query may not look. */
    @Test
    void theGridShowsScoresBeforeTheMask() {
        try (Page page = INSPECTOR.page("#/layer/2/3?q=4&stage=scores&" + PROMPT)) {
            Tensor scores = INSPECTOR.look(page).value("derived.blocks.2.attn_scores_unmasked");
            long keys = scores.dim(3);
            for (int q = 0; q < keys; q++) {
                for (int k = 0; k < keys; k++) {
                    double kept = scores.get((3 * keys + q) * keys + k);
                    assertThat(Inspector.number(
                                    page,
                                    "document.querySelector('cut-grid[data-tensor$=unmasked]').valueAt(" + q + "," + k
                                            + ")"))
                            .isCloseTo(kept, within(ROUNDING * Math.max(1, Math.abs(kept))));
                }
            }
            assertThat(page.locator("#panel").innerText()).contains("compared with every key");
            page.locator("cut-grid[data-tensor$=unmasked]").focus();
            page.keyboard().press("Home");
            page.keyboard().press("End");
            page.keyboard().press("Enter");
            INSPECTOR.await(page);
            assertThat(page.locator("#panel .dcard").getAttribute("data-name"))
                    .isEqualTo("derived.blocks.2.attn_scores_unmasked");
            assertThat(page.locator("#panel .chk").innerText()).doesNotContain("differs");
        }
    }

    @Test
    void aStoredWeightIsDrawnWithItsBlock() {
        try (Page page = INSPECTOR.page("#/number?n=model.layers.1.self_attn.q_proj.weight:3,37&" + PROMPT)) {
            StoredWeight stored = INSPECTOR
                    .look(page)
                    .stored("model.layers.1.self_attn.q_proj.weight", 3, 37)
                    .orElseThrow();
            Locator block = page.locator(".stored");
            assertThat(block.getAttribute("data-codes"))
                    .isEqualTo(stored.elements().stream()
                            .map(e -> String.valueOf(e.code()))
                            .collect(joining(",")));
            assertThat(block.getAttribute("data-position")).isEqualTo(String.valueOf(stored.position()));
            assertThat(Inspector.number(
                            page, "document.querySelector('.stored cut-grid').valueAt(0," + stored.position() + ")"))
                    .isCloseTo(Double.parseDouble(page.locator(".dcard").getAttribute("data-value")), within(1e-9));
            assertThat(page.locator(".endmark").innerText()).contains("A weight");
        }
    }

    @Test
    void theModelViewDrawsTrueNormsAndLogits() {
        try (Page page = INSPECTOR.page("#/model?q=4&l=1&" + PROMPT)) {
            Look look = INSPECTOR.look(page);
            Tensor stream = look.value("blocks.1.hook_resid_pre", 4, 5);
            double squares = 0;
            for (int i = 0; i < stream.size(); i++) {
                squares += (double) stream.get(i) * stream.get(i);
            }
            Map<?, ?> cell = (Map<?, ?>) page.evaluate("document.querySelector('cut-model').cell(1, 4)");
            assertThat(((Number) cell.get("resid_pre_norm")).doubleValue())
                    .isCloseTo(Math.sqrt(squares), within(1e-3 * Math.sqrt(squares)));
            for (String name : List.of("attn_out_norm", "mlp_out_norm", "attn_logits", "mlp_logits")) {
                double kept = look.value("derived.blocks.1." + name, 4, 5).get(0);
                assertThat(((Number) cell.get(name)).doubleValue())
                        .as(name)
                        .isCloseTo(kept, within(1e-4 * Math.max(1, Math.abs(kept))));
            }
        }
    }

    @Test
    void aNumberIsDerivedAndOpenedFurther() {
        try (Page page = INSPECTOR.page("#/number?n=blocks.2.attn.hook_z:0,5,1,3&" + PROMPT)) {
            double kept = INSPECTOR
                    .look(page)
                    .explain("blocks.2.attn.hook_z", 0, 5, 1, 3)
                    .kept();
            assertThat(Double.parseDouble(page.locator(".dcard").getAttribute("data-value")))
                    .isCloseTo(kept, within(ROUNDING));
            assertThat(page.locator(".dcard math").count()).isEqualTo(1);
            assertThat(page.locator(".dcard .chk").innerText())
                    .contains("run kept")
                    .doesNotContain("differs");
            page.locator(".dcard .term .lk").first().click();
            INSPECTOR.await(page);
            assertThat(page.locator(".level").count()).isEqualTo(2);
            assertThat(page.url()).contains("hook_z").contains("%2F");
            page.goBack();
            assertThat(page.locator(".level").count()).isEqualTo(1);
        }
    }

    @Test
    void countsOfTheNextTokenAreTheSamplers() {
        try (Page page = INSPECTOR.page("#/next?q=5&p=The+old+man+and+the+sea&g=0&T=0.9&K=40&P=0.8&m=0.05")) {
            float[] logits = INSPECTOR.look(page).value("logits", 5, 6).toFloats();
            SamplingOptions options = SamplingOptions.GREEDY.withTemperature(0.9);
            check(page, "temperature", logits, options);
            check(page, "top-k", logits, options.withTopK(40));
            check(page, "top-p", logits, options.withTopK(40).withTopP(0.8));
            check(page, "min-p", logits, options.withTopK(40).withTopP(0.8).withMinP(0.05));
        }
    }

    private static void check(Page page, String stage, float[] logits, SamplingOptions options) {
        int left = new Sampler(options, logits.length).distribution(logits).ids().length;
        assertThat(page.locator("[data-stage=" + stage + "]").getAttribute("data-left"))
                .as(stage)
                .isEqualTo(String.valueOf(left));
    }

    @Test
    void aTypedPromptIsReadAndContinued() {
        try (Page page = INSPECTOR.page("#/model?" + PROMPT)) {
            String text = "It was a dark night";
            page.getByRole(AriaRole.TEXTBOX, new Page.GetByRoleOptions().setName("Prompt"))
                    .fill(text);
            page.keyboard().press("Enter");
            page.waitForFunction(
                    "() => document.querySelector('cut-app').store.tokens.some(t => t.text.includes('dark'))");
            INSPECTOR.await(page);
            int[] ids = INSPECTOR.model().tokenizer().ids(text, EncodeOptions.TEXT);
            int[] shown = INSPECTOR.tokens(page);
            assertThat(shown).startsWith(ids).hasSizeGreaterThan(ids.length);
            assertThat(page.locator("#ruler .tk").count()).isEqualTo(shown.length);
            assertThat(page.locator("#ruler .tk.gen").count()).isEqualTo(shown.length - ids.length);
            try (Session session = INSPECTOR.model().session()) {
                float[] logits = session.append(ids);
                for (int i = ids.length; i < shown.length; i++) {
                    assertThat(shown[i]).as("greedy token %d", i).isEqualTo(largest(logits));
                    logits = session.append(shown[i]);
                }
            }
        }
    }

    private static int largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @Test
    void tokensAreTheTokenizers() {
        try (Page page = INSPECTOR.page("#/tokens?" + PROMPT)) {
            int[] ids = INSPECTOR.model().tokenizer().ids("The old man and the sea", EncodeOptions.TEXT);
            assertThat(page.locator(".idbox").count()).isEqualTo(ids.length);
            List<String> shown = page.locator(".idbox small").allInnerTexts();
            for (int i = 0; i < ids.length; i++) {
                assertThat(shown.get(i).replace(" ", "")).isEqualTo(String.valueOf(ids[i]));
            }
        }
    }
}
