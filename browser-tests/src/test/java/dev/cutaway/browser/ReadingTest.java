package dev.cutaway.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.deque.html.axecore.results.Rule;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page can be read by everyone: with a keyboard, with a screen reader, on a narrow window, in both themes. */
@Tag("browser")
final class ReadingTest {
    @RegisterExtension
    static final Inspector INSPECTOR = new Inspector();

    private static final String PROMPT = "p=The+old+man+and+the+sea&g=2&T=0&q=4";

    @ParameterizedTest
    @ValueSource(strings = {"model", "layer/2/1", "head/2/1", "number", "next", "tokens"})
    void noRuleOfAccessibilityIsBroken(String view) {
        for (String theme : List.of("light", "dark")) {
            try (Page page = INSPECTOR.page("#/" + view + "?th=" + theme + "&" + PROMPT)) {
                assertThat(violations(page)).as("%s, %s", view, theme).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "layer/2/1", "head/2/1", "next", "tokens"})
    void everyViewHasATableOfItsNumbers(String view) {
        try (Page page = INSPECTOR.page("#/" + view + "?th=light&twin=1&" + PROMPT)) {
            assertThat(page.locator(".twin td").count()).isGreaterThan(5);
            assertThat(violations(page)).isEmpty();
        }
    }

    private static List<String> violations(Page page) {
        return new AxeBuilder(page)
                .analyze().getViolations().stream().map(ReadingTest::line).toList();
    }

    private static String line(Rule rule) {
        return rule.getId() + ": "
                + rule.getNodes().stream()
                        .map(n -> n.getHtml() + " " + n.getFailureSummary())
                        .limit(3)
                        .toList();
    }

    @Test
    void aGridIsReadWithArrows() {
        try (Page page = INSPECTOR.page("#/layer/2/1?th=light&stage=pattern&k=0&" + PROMPT)) {
            page.locator("cut-grid[data-tensor$=hook_pattern]").focus();
            page.keyboard().press("ArrowRight");
            page.waitForFunction("() => document.getElementById('live').textContent.includes('key')");
            assertThat(page.locator("#live").textContent()).matches("query ‘.*’ 4, key ‘.*’ 1, [0-9.e−]+");
            page.keyboard().press("Home");
            page.waitForFunction("() => document.getElementById('live').textContent.includes(' 0, ')");
            page.keyboard().press("Enter");
            INSPECTOR.await(page);
            assertThat(page.locator("#panel .dcard").getAttribute("data-name")).isEqualTo("blocks.2.attn.hook_pattern");
            page.keyboard().press("Escape");
            assertThat(page.locator("#panel .dcard").count()).isZero();
        }
    }

    @Test
    void layersAndTokensAreChosenWithArrows() {
        try (Page page = INSPECTOR.page("#/model?th=light&l=1&" + PROMPT)) {
            page.locator("cut-model .sheet").focus();
            page.keyboard().press("ArrowDown");
            page.keyboard().press("ArrowRight");
            assertThat(page.url()).contains("l=2").contains("q=5");
            page.keyboard().press("[");
            assertThat(page.url()).contains("q=4");
            page.keyboard().press("Enter");
            assertThat(page.url()).contains("#/layer/2/0");
        }
    }

    @Test
    void everyRowOfATileIsOpenedWithZ() {
        try (Page page = INSPECTOR.page("#/layer/2/1?th=light&" + PROMPT)) {
            page.locator("cut-grid[data-tensor$=hook_resid_pre]").focus();
            page.keyboard().press("z");
            INSPECTOR.await(page);
            assertThat(page.locator(".zoom").innerText()).contains("true values");
            page.keyboard().press("Escape");
            assertThat(page.locator(".zoom").count()).isZero();
        }
    }

    @Test
    void aNarrowWindowScrollsTheStageAndNotThePage() {
        for (String view : List.of("model", "layer/2/1", "next")) {
            try (Page page = INSPECTOR.page("#/" + view + "?th=light&" + PROMPT, 720, 900)) {
                assertThat(Inspector.number(page, "document.documentElement.scrollWidth"))
                        .isLessThanOrEqualTo(720);
                assertThat(Inspector.number(page, "document.querySelector('#stage').clientWidth"))
                        .isGreaterThan(500);
                assertThat(violations(page)).isEmpty();
            }
        }
    }

    @Test
    void hoveringChangesNothing() {
        try (Page page = INSPECTOR.page("#/model?th=light&" + PROMPT)) {
            String before = page.url();
            page.mouse().move(500, 400);
            assertThat(page.locator("#tip").innerText()).contains("attention writes");
            assertThat(page.url()).isEqualTo(before);
        }
    }

    /** Whoever closed the lid finds the page as it was. */
    @Test
    void aLostConnectionIsSaidAndMadeAnew() {
        try (Page page = INSPECTOR.page("#/layer/2/1?th=light&" + PROMPT)) {
            List<?> before = (List<?>) page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.id)");
            page.evaluate("document.querySelector('cut-app').store.wire.socket.close()");
            assertThat(page.locator(".notice").innerText()).contains("connection to the engine has ended");
            page.waitForFunction("() => !document.querySelector('cut-app').store.ended");
            INSPECTOR.await(page);
            assertThat(page.locator(".notice").count()).isZero();
            assertThat(page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.id)"))
                    .isEqualTo(before);
        }
    }

    /** What was asked for while the engine was busy comes when it is free. */
    @Test
    void viewsTurnedWhileTheEngineIsBusyAreFilled() {
        try (Page page = INSPECTOR.page("#/next?th=light&" + PROMPT)) {
            page.getByText("Continue 32 tokens").click();
            for (String view : List.of("layer", "head", "model", "layer")) {
                page.evaluate("view => document.querySelector('cut-app').go({ view, l: view.length % 4 })", view);
            }
            INSPECTOR.await(page);
            assertThat(page.locator("cut-thumb.hatchbox").count()).isZero();
        }
    }

    @Test
    void aWrongTokenIsRefusedInWords() {
        try (Page page = INSPECTOR.blank(800, 600)) {
            String address = INSPECTOR.server().address().toString().replaceFirst("token=.*", "token=wrong");
            Response response = page.navigate(address);
            assertThat(response.status()).isEqualTo(403);
            assertThat(page.content()).contains("session token is missing or wrong");
        }
    }

    @Test
    void nothingComesFromElsewhereAndNothingIsLogged() {
        try (Page page = INSPECTOR.blank(1440, 900)) {
            List<String> logged = new java.util.concurrent.CopyOnWriteArrayList<>();
            String own = "http://127.0.0.1:" + INSPECTOR.server().address().getPort() + "/";
            page.onConsoleMessage(m -> logged.add(m.text()));
            page.onPageError(logged::add);
            page.onRequest(r -> {
                if (!r.url().startsWith(own)) {
                    logged.add(r.url());
                }
            });
            page.navigate(INSPECTOR.server().address() + "#/layer/1/0?" + PROMPT);
            INSPECTOR.await(page);
            assertThat(logged).isEmpty();
            assertThat(page.url()).doesNotContain("token=");
        }
    }
}
