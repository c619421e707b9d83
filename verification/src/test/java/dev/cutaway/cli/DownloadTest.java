package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code hf:owner/name}: what a download shows, how it goes on, and that nothing is downloaded twice. */
class DownloadTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final Object[] RUN = {"run", "hf:some/tiny", "w5 w6", "--temperature", 0, "--max-tokens", 4};

    @TempDir
    private Path dir;

    private Path files = Path.of("");
    private HttpServer server = null;
    private volatile boolean stalling;
    /** Methods, paths and ranges that were asked for. */
    private final List<String> asked = new CopyOnWriteArrayList<>();

    @BeforeEach
    void serve() throws IOException {
        files = Command.withWords("llama", dir.resolve("served"));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String range = exchange.getRequestHeaders().getFirst("Range");
            asked.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
            if (path.startsWith("/api/")) {
                String names;
                try (Stream<Path> all = Files.list(files)) {
                    names = all.map(f -> "{\"rfilename\":\"" + f.getFileName() + "\"}")
                            .collect(Collectors.joining(","));
                }
                byte[] body =
                        ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + names + "]}").getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            } else {
                send(exchange, Files.readAllBytes(files.resolve(path.substring(path.lastIndexOf('/') + 1))), range);
            }
        }
    }

    private void send(HttpExchange exchange, byte[] whole, String range) throws IOException {
        int from = range == null ? 0 : Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        exchange.getResponseHeaders().add("X-Repo-Commit", COMMIT);
        exchange.getResponseHeaders().add("ETag", '"' + sha256(whole) + '"');
        exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(whole.length));
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        byte[] part = Arrays.copyOfRange(whole, from, whole.length);
        if (range != null) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes " + from + "-" + (whole.length - 1) + "/" + whole.length);
        }
        exchange.sendResponseHeaders(range == null ? 200 : 206, part.length);
        OutputStream body = exchange.getResponseBody();
        int step = Math.max(1, part.length / 8);
        for (int at = 0; at < part.length; at += step) {
            body.write(part, at, Math.min(step, part.length - at));
            body.flush();
            // Slow enough that a bar has something to show.
            pause(stalling && at >= part.length / 2 && part.length > 10_000 ? 30_000 : 25);
        }
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Started.How hub() {
        return Started.How.PLAIN
                .with("HF_ENDPOINT", "http://127.0.0.1:" + server.getAddress().getPort())
                .with("HF_HUB_CACHE", dir.resolve("cache"));
    }

    @Test
    void oneLineWhereNobodyLooksAndThenNeverAgain() {
        String expected = Command.run("run", files, "w5 w6", "--temperature", 0, "--max-tokens", 4)
                .done()
                .out();
        Command first = hub().run(RUN);
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).isEqualTo(expected);
        assertThat(first.err().lines()).hasSize(1);
        assertThat(first.err()).matches("downloading hf:some/tiny: [0-9.]+ KiB in 4 files\n");

        server.stop(0);
        assertThat(hub().with("HF_HUB_OFFLINE", 1).run(RUN).done().out()).isEqualTo(expected);
        assertThat(hub().run(RUN).done().out()).isEqualTo(expected);
        hub().with("HF_HUB_OFFLINE", 1)
                .run("run", "hf:some/other", "w5")
                .failed(3, "hf:some/other", "HF_HUB_OFFLINE", "unset");
    }

    @Test
    void tokenizingTakesNoWeights() {
        String expected = Command.run("tokenize", files, "w5 w6").done().out();
        Command first = hub().run("tokenize", "hf:some/tiny", "w5 w6");
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).isEqualTo(expected);
        assertThat(asked).isNotEmpty().noneMatch(a -> a.contains("safetensors"));
        server.stop(0);
        assertThat(hub().with("HF_HUB_OFFLINE", 1)
                        .run("tokenize", "hf:some/tiny", "w5 w6")
                        .done()
                        .out())
                .isEqualTo(expected);
    }

    @Test
    void nothingBesideJson() {
        Command c = hub().onTerminals("2").run("run", "hf:some/tiny", "w5", "--max-tokens", 1, "--json");
        assertThat(c.done().jsonLines()).hasSize(2);
    }

    @Test
    void aBarOnATerminalThatStaysInItsLineAndIsGoneAtTheEnd() {
        for (int columns : List.of(40, 100)) {
            Command c = hub().onTerminals("2")
                    .with("COLUMNS", columns)
                    .with("HF_HUB_CACHE", dir.resolve("cache" + columns))
                    .run(RUN);
            assertThat(c.code()).as(c.err()).isZero();
            assertThat(c.err()).doesNotContain("\n", "downloading").endsWith("\r");
            List<String> drawn =
                    c.err().lines().flatMap(l -> Stream.of(l.split("\r"))).toList();
            assertThat(drawn).allMatch(line -> line.stripTrailing().length() < columns);
            assertThat(drawn).anyMatch(line -> line.matches("model\\.safetensors \\[#+-*] [1-9][0-9]?%.*"));
            assertThat(drawn.getLast()).isBlank();
        }
    }

    @Test
    void whatWasInterruptedGoesOnFromThere() throws IOException {
        stalling = true;
        try (Started started = hub().start(RUN)) {
            started.until(() -> incomplete() > 0);
            started.signal("INT");
            assertThat(started.end().code()).isEqualTo(130);
        }
        long there = incomplete();
        assertThat(there).isPositive();

        stalling = false;
        asked.clear();
        Command again = hub().run(RUN);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).matches("downloading hf:some/tiny: .* of it are there already\n");
        assertThat(asked).contains("GET /some/tiny/resolve/" + COMMIT + "/model.safetensors bytes=" + there + "-");
        assertThat(incomplete()).isZero();
    }

    /** Bytes of the weights that have come; 0 while there are none, or when they are whole. */
    private long incomplete() {
        Path blobs = dir.resolve("cache/models--some--tiny/blobs");
        if (!Files.isDirectory(blobs)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(blobs)) {
            return all.filter(f -> f.toString().endsWith(".incomplete"))
                    .mapToLong(f -> f.toFile().length())
                    .filter(n -> n > 10_000)
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatTheHubDoesNotHave() throws IOException {
        Files.delete(files.resolve("config.json"));
        hub().run(RUN).failed(3, "hf:some/tiny", "config.json");
        hub().run("run", "hf:some", "w5").failed(2, "hf:some", "hf:owner/name");
        server.stop(0);
        hub().onTerminals("2").run("run", "hf:some/tiny", "w5").failed(3, "cannot be reached (", "network");
        Started.How.PLAIN
                .with("HF_ENDPOINT", "http://hub.invalid")
                .with("HF_HUB_CACHE", dir.resolve("cache"))
                .run("run", "hf:some/tiny", "w5")
                .failed(3, "http://hub.invalid", "no such host");
    }
}
