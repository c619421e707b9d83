package dev.cutaway.inspect;

import dev.cutaway.tensor.ResourceException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsRouting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;

/**
 * The inspector: a local HTTP server with one page and one WebSocket. Numbers travel as binary frames ({@link Wire}), all
 * else as JSON. Every page has a {@link Desk} of its own: a sequence, a thread that runs it, and a bounded queue of answers.
 *
 * <p>It listens on loopback unless told otherwise, and answers only who knows the address it printed ({@link Guard}).
 */
public final class InspectorServer implements AutoCloseable {
    private static final int MAX_MESSAGE = 1 << 20;

    private final WebServer server;
    private final Pages pages;
    private final ModelSource models;
    private final URI address;

    private InspectorServer(WebServer server, Pages pages, ModelSource models, URI address) {
        this.server = server;
        this.pages = pages;
        this.models = models;
        this.address = address;
    }

    /**
     * Starts the server and returns when it listens.
     *
     * @param host the address to listen on, {@code 127.0.0.1} unless the user asked for another
     * @param port the port, 0 for any free one
     * @throws ResourceException if the port is taken or the host is not ours
     */
    public static InspectorServer start(ModelSource models, String host, int port) {
        int chosen = port(host, port);
        Guard guard = new Guard(host, chosen);
        Pages pages = new Pages(models, guard);
        WebServer server = WebServer.builder()
                .host(host)
                .port(chosen)
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofMillis(200))
                .idleConnectionTimeout(Duration.ofHours(1))
                .maxPayloadSize(MAX_MESSAGE)
                .maxTcpConnections(64)
                .addProtocol(WsConfig.builder().maxFrameLength(MAX_MESSAGE).build())
                .addRouting(http(guard))
                .addRouting(WsRouting.builder().endpoint("/socket", pages::open))
                .build();
        try {
            server.start();
        } catch (RuntimeException e) {
            throw refused(host, chosen, cause(e));
        }
        if (server.port() <= 0) { // Helidon only logs that it could not listen
            server.stop();
            throw refused(host, chosen, "the port is taken");
        }
        String shown = host.contains(":") ? "[" + host + "]" : host;
        URI address = URI.create("http://" + shown + ":" + server.port() + "/?token=" + guard.token());
        return new InspectorServer(server, pages, models, address);
    }

    /** The address to open, with the session's token. */
    public URI address() {
        return address;
    }

    @Override
    public void close() {
        pages.close();
        server.stop();
        models.close();
    }

    /** The port itself, held against the system before anything starts; a free one for 0. */
    private static int port(String host, int port) {
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new ResourceException("cannot listen on " + host + " (no such host); choose another with --host");
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(address, port));
            return socket.getLocalPort();
        } catch (IOException e) {
            if (port != 0) {
                throw refused(host, port, String.valueOf(e.getMessage()));
            }
            throw new ResourceException(
                    "cannot listen on " + host + " (" + e.getMessage() + "); choose another with --host");
        }
    }

    private static ResourceException refused(String host, int port, String why) {
        return new ResourceException("cannot listen on " + host + ":" + port + " (" + why
                + "); choose another with --port, or --port 0 for any that is free");
    }

    private static String cause(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    private static HttpRouting.Builder http(Guard guard) {
        Assets assets = new Assets();
        HttpRouting.Builder routing = HttpRouting.builder().addFilter((chain, request, response) -> {
            secure(response);
            String token = request.query().first("token").orElse("");
            String refusal = guard.refusal(request.headers(), token);
            if (!refusal.isEmpty()) {
                refuse(response, refusal);
                return;
            }
            if (!token.isEmpty()) {
                response.header(HeaderNames.SET_COOKIE, guard.cookie());
            }
            chain.proceed();
        });
        assets.files()
                .forEach((path, asset) -> routing.get(path, (request, response) -> {
                    response.header(HeaderNames.CONTENT_TYPE, asset.type());
                    response.send(asset.bytes());
                }));
        return routing;
    }

    private static void refuse(RoutingResponse response, String why) {
        response.status(403);
        response.header(HeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
        response.send("Refused: " + why + ".\n");
    }

    private static void secure(RoutingResponse response) {
        response.header(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        response.header("X-Content-Type-Options", "nosniff");
        response.header("Referrer-Policy", "no-referrer");
        response.header("Cross-Origin-Opener-Policy", "same-origin");
        response.header("Cross-Origin-Resource-Policy", "same-origin");
        response.header("Cache-Control", "no-store");
    }
}
