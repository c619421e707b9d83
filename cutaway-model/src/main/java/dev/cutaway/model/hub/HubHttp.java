package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Requests to the hub. Redirects are followed by hand, because the token may go to the endpoint's own host only and an
 * encrypted connection must not become a plain one.
 */
final class HubHttp implements AutoCloseable {
    private static final int MAX_REDIRECTS = 6;
    private static final int MAX_PAGE = 32 << 20;

    private final HubSettings settings;
    private final HttpClient client;

    HubHttp(HubSettings settings) {
        this.settings = settings;
        this.client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.patience())
                .build();
    }

    /** What a HEAD request says of a file: the last answer of the endpoint itself, not of where the data lies. */
    HttpResponse<Void> head(String path) throws IOException, Interrupted {
        URI uri = uri(path);
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRequest request = request(uri)
                    .method("HEAD", HttpRequest.BodyPublishers.noBody())
                    .build();
            HttpResponse<Void> response = send(request, HttpResponse.BodyHandlers.discarding());
            Optional<URI> next = redirect(uri, response.statusCode(), response.headers());
            if (next.isEmpty() || !sameHost(next.get(), settings.endpoint())) {
                return response;
            }
            uri = next.get();
        }
        throw tooMany(uri);
    }

    /** The data of a file from a byte on; the caller closes the stream. */
    HttpResponse<InputStream> get(String path, long from) throws IOException, Interrupted {
        URI uri = uri(path);
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRequest.Builder builder = request(uri).GET();
            if (from > 0) {
                builder.header("Range", "bytes=" + from + "-");
            }
            HttpResponse<InputStream> response = send(builder.build(), HttpResponse.BodyHandlers.ofInputStream());
            Optional<URI> next = redirect(uri, response.statusCode(), response.headers());
            if (next.isEmpty()) {
                return response;
            }
            response.body().close();
            uri = next.get();
        }
        throw tooMany(uri);
    }

    /**
     * An answer's status and text.
     *
     * @param status the HTTP status
     * @param headers the headers
     * @param text the body
     */
    record Page(int status, HttpHeaders headers, String text) {}

    /** A page as text, up to 32 MiB of it. */
    Page page(String path) throws IOException, Interrupted {
        HttpResponse<InputStream> response = get(path, 0);
        try (InputStream body = response.body();
                Watchdog dog = new Watchdog(body, settings.patience())) {
            byte[] bytes = dog.watched().readNBytes(MAX_PAGE + 1);
            if (bytes.length > MAX_PAGE) {
                throw new BadInputException(
                        settings.endpoint() + ": the answer exceeds " + MAX_PAGE + " bytes; check HF_ENDPOINT");
            }
            return new Page(response.statusCode(), response.headers(), new String(bytes, StandardCharsets.UTF_8));
        }
    }

    private URI uri(String path) {
        return URI.create(settings.endpoint() + path);
    }

    private HttpRequest.Builder request(URI uri) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri)
                .timeout(settings.patience())
                .header("User-Agent", "cutaway")
                .header("Accept-Encoding", "identity");
        if (sameHost(uri, settings.endpoint())) {
            settings.token().ifPresent(token -> builder.header("Authorization", "Bearer " + token));
        }
        return builder;
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException, Interrupted {
        try {
            return client.send(request, handler);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Interrupted();
        }
    }

    private Optional<URI> redirect(URI from, int status, HttpHeaders headers) {
        Optional<String> location = headers.firstValue("Location");
        if (status < 301 || status > 308 || status == 304 || location.isEmpty()) {
            return Optional.empty();
        }
        URI to;
        try {
            to = from.resolve(location.get());
        } catch (IllegalArgumentException e) {
            throw new BadInputException(
                    from.getHost() + ": redirects to an address that is none; check HF_ENDPOINT", e);
        }
        boolean plain = "http".equals(to.getScheme()) && "http".equals(from.getScheme());
        if (to.getHost() == null || !("https".equals(to.getScheme()) || plain)) {
            throw new BadInputException(from.getHost() + ": redirects to " + SafeNames.shown(to.toString())
                    + ", which is not encrypted; check HF_ENDPOINT");
        }
        return Optional.of(to);
    }

    static boolean sameHost(URI a, URI b) {
        return String.valueOf(a.getScheme()).equals(b.getScheme())
                && String.valueOf(a.getHost()).equalsIgnoreCase(b.getHost())
                && a.getPort() == b.getPort();
    }

    private static BadInputException tooMany(URI uri) {
        return new BadInputException(uri.getHost() + ": more than " + MAX_REDIRECTS + " redirects; check HF_ENDPOINT");
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /** The thread was asked to stop. */
    static final class Interrupted extends Exception {
        private static final long serialVersionUID = 1L;
    }
}
