package dev.cutaway.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in and who is not. Requests are written by hand, since an ordinary client sends no wrong Host. */
final class AccessTest {
    private static InspectorServer server;
    private static String token;
    private static int port;

    @BeforeAll
    static void start() {
        server = InspectorServer.start(source(), "127.0.0.1", 0);
        token = server.address().getQuery().substring("token=".length());
        port = server.address().getPort();
    }

    static ModelSource source() {
        return new ModelSource() {
            @Override
            public List<String> names() {
                return List.of("counting");
            }

            @Override
            public InspectedModel open(String name) {
                return new CountingModel();
            }
        };
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String get(String path, String... headers) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request =
                    "GET " + path + " HTTP/1.1\r\n" + String.join("\r\n", headers) + "\r\nConnection: close\r\n\r\n";
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return answer(socket.getInputStream());
        }
    }

    /** Head and body of an answer; the server need not close the connection. */
    private static String answer(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) {
                return head.toString();
            }
            head.append((char) c);
        }
        Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        byte[] body = length.find() ? in.readNBytes(Integer.parseInt(length.group(1))) : new byte[0];
        return head + new String(body, StandardCharsets.UTF_8);
    }

    private static String host() {
        return "Host: 127.0.0.1:" + port;
    }

    private static String cookie() {
        return "Cookie: other=1; cutaway-" + port + "=" + token;
    }

    @Test
    void thePrintedAddressOpensThePageAndLeavesACookie() throws IOException {
        String answer = get("/?token=" + token, host());
        assertThat(answer).startsWith("HTTP/1.1 200").contains("<cut-app>").contains("HttpOnly; SameSite=Strict");
    }

    @Test
    void aPortThatIsTakenIsSaid() {
        assertThatThrownBy(() -> InspectorServer.start(source(), "127.0.0.1", port))
                .isInstanceOf(ResourceException.class)
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageContaining("--port");
    }

    @Test
    void aPolicyForbidsEverythingFromElsewhere() throws IOException {
        assertThat(get("/", host(), cookie()))
                .contains("Content-Security-Policy: default-src 'none'; script-src 'self'")
                .contains("frame-ancestors 'none'")
                .contains("X-Content-Type-Options: nosniff")
                .doesNotContain("unsafe-inline");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/app.js", "/?token=wrong", "/app.css?token="})
    void withoutTheTokenNothingIsServed(String path) throws IOException {
        assertThat(get(path, host()))
                .startsWith("HTTP/1.1 403")
                .contains("session token")
                .doesNotContain("<cut-app>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example"})
    void aReboundNameIsRefusedEvenWithTheCookie(String name) throws IOException {
        assertThat(get("/", "Host: " + name, cookie()))
                .startsWith("HTTP/1.1 403")
                .contains("Host");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"})
    void anotherSiteIsRefusedEvenWithTheCookie(String origin) throws IOException {
        assertThat(get("/app.js", host(), cookie(), "Origin: " + origin))
                .startsWith("HTTP/1.1 403")
                .contains("another site");
    }

    @Test
    void localhostIsUsTo() throws IOException {
        assertThat(get("/app.js", "Host: localhost:" + port, cookie(), "Origin: http://localhost:" + port))
                .startsWith("HTTP/1.1 200");
    }

    @Test
    void theSocketIsRefusedWithoutCookieOrFromAnotherSite() {
        assertThatThrownBy(() -> connect("Accept-Language", "en")).isInstanceOf(CompletionException.class);
        assertThatThrownBy(() -> connect("Cookie", cookie().substring(8), "Origin", "http://evil.example"))
                .isInstanceOf(CompletionException.class);
        WebSocket socket = connect("Cookie", cookie().substring(8), "Origin", "http://127.0.0.1:" + port);
        socket.abort();
    }

    private static WebSocket connect(String... headers) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            WebSocket.Builder builder = client.newWebSocketBuilder();
            for (int i = 0; i < headers.length; i += 2) {
                builder.header(headers[i], headers[i + 1]);
            }
            WebSocket socket = builder.buildAsync(
                            URI.create("ws://127.0.0.1:" + port + "/socket"), new WebSocket.Listener() {})
                    .join();
            client.shutdownNow();
            return socket;
        }
    }
}
