package dev.cutaway.browser;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.TimeoutError;
import dev.cutaway.inspect.InspectedModel;
import dev.cutaway.inspect.InspectorServer;
import dev.cutaway.inspect.LookModel;
import dev.cutaway.inspect.ModelSource;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * An inspector on the embedded model (or another) with a browser before it, and a session of our own with the same tokens to compare what the
 * page shows with what the engine says.
 */
final class Inspector implements BeforeAllCallback, AfterAllCallback {
    private static final String MODEL = "tales";
    private static final List<String> FLAGS = List.of(
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync");
    /** All tensors that were asked for are here, and nothing more is asked for. */
    private static final String READY = """
            () => {
              const s = document.querySelector('cut-app').store;
              const ready = s.facts && !s.busy && s.tokens.length > 0 && s.missing === 0 && s.asked.size === 0;
              const now = performance.now();
              // The first look counts as busy: a page that was ready before it must still become ready after it.
              if (!ready || window.lastBusy === undefined) window.lastBusy = now;
              return ready && now - window.lastBusy > 400;
            }
            """;

    /** What the page waits for, in words. */
    private static final String STATE = """
            () => {
              const s = document.querySelector('cut-app').store;
              return JSON.stringify({ facts: !!s.facts, busy: s.busy, tokens: s.tokens.length, ended: s.ended, error: s.error,
                  wanted: [...s.wanted.keys()], flights: [...s.flights.values()], asked: [...s.asked] });
            }
            """;

    private final String name;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Optional<Model> model = Optional.empty();
    private Optional<InspectorServer> server = Optional.empty();
    private Optional<Browser> browser = Optional.empty();

    Inspector() {
        this(System.getProperty("cutaway.browser.model", MODEL));
    }

    /** An inspector on another model. */
    Inspector(String name) {
        this.name = name;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Model m = keep(Model.open(name));
        LookModel inspected = new LookModel(m);
        model = Optional.of(m);
        server = Optional.of(keep(InspectorServer.start(
                new ModelSource() {
                    @Override
                    public List<String> names() {
                        return List.of(m.name());
                    }

                    @Override
                    public InspectedModel open(String name) {
                        return inspected;
                    }
                },
                "127.0.0.1",
                0)));
        browser = Optional.of(keep(browser(keep(playwright()))));
    }

    static Playwright playwright() {
        return Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    }

    static Browser browser(Playwright playwright) {
        String chromium = Optional.ofNullable(System.getenv("CUTAWAY_CHROMIUM")).orElse("/usr/bin/chromium");
        return playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(Path.of(chromium))
                        .setArgs(FLAGS));
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.addFirst(one);
        return one;
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    Model model() {
        return model.orElseThrow();
    }

    InspectorServer server() {
        return server.orElseThrow();
    }

    /** A page of the usual size at a state, when all its numbers have arrived. */
    Page page(String hash) {
        return page(hash, 1440, 900);
    }

    Page page(String hash, int width, int height) {
        Page page = blank(width, height);
        page.navigate(server().address() + hash);
        await(page);
        return page;
    }

    Page blank(int width, int height) {
        Page page = browser.orElseThrow().newPage(new Browser.NewPageOptions().setViewportSize(width, height));
        page.setDefaultTimeout(120_000);
        return page;
    }

    void await(Page page) {
        try {
            page.waitForFunction(READY);
        } catch (TimeoutError e) {
            throw new AssertionError(page.url() + " did not become ready: " + page.evaluate(STATE), e);
        }
    }

    /** The ids of the page's tokens. */
    int[] tokens(Page page) {
        Object ids = page.evaluate("document.querySelector('cut-app').store.tokens.map(t => t.id)");
        return ((List<?>) ids).stream().mapToInt(id -> ((Number) id).intValue()).toArray();
    }

    /** A look of our own at the page's tokens. */
    Look look(Page page) {
        Session session = keep(model().session());
        session.append(tokens(page));
        return session.look();
    }

    /** What an expression on the page gives, as a number. */
    static double number(Page page, String expression) {
        return ((Number) page.evaluate(expression)).doubleValue();
    }
}
