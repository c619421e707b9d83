package dev.cutaway.model.hub;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A web server that does what it is told: cuts connections, falls silent, lies about lengths. One request a connection. */
final class FakeServer implements AutoCloseable {
    private final ServerSocket socket;
    private final Function<Request, Response> handler;
    final List<Request> requests = new CopyOnWriteArrayList<>();

    FakeServer(Function<Request, Response> handler) throws IOException {
        this.handler = handler;
        this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().start(this::serve);
    }

    record Request(String method, String path, Map<String, String> headers) {
        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }
    }

    /** @param sent how many bytes of the body are really sent; silent: whether the connection then stays open */
    record Response(int status, Map<String, String> headers, byte[] body, int sent, boolean silent) {
        static Response of(int status, Map<String, String> headers, byte[] body) {
            return new Response(status, headers, body, body.length, false);
        }

        static Response empty(int status) {
            return of(status, Map.of(), new byte[0]);
        }

        Response cutAfter(int bytes) {
            return new Response(status, headers, body, bytes, false);
        }

        Response silentAfter(int bytes) {
            return new Response(status, headers, body, bytes, true);
        }

        Response with(String name, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value);
            return new Response(status, more, body, sent, silent);
        }
    }

    String address() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    private void serve() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                Thread.ofPlatform().daemon().start(() -> answer(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void answer(Socket connection) {
        try (connection) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII));
            String[] first = in.readLine().split(" ");
            Map<String, String> headers = new LinkedHashMap<>();
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                int colon = line.indexOf(':');
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
            Request request = new Request(first[0], first[1], headers);
            requests.add(request);
            write(connection.getOutputStream(), handler.apply(request), first[0].equals("HEAD"));
        } catch (IOException | InterruptedException e) {
            // the client went away, which some tests want
        }
    }

    private static void write(OutputStream out, Response response, boolean head)
            throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("HTTP/1.1 " + response.status() + " x\r\nConnection: close\r\n");
        response.headers().forEach((name, value) -> text.append(name + ": " + value + "\r\n"));
        if (!response.headers().containsKey("Content-Length")) {
            text.append("Content-Length: " + response.body().length + "\r\n");
        }
        out.write(text.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
        if (!head) {
            out.write(response.body(), 0, Math.min(response.sent(), response.body().length));
        }
        out.flush();
        if (response.silent()) {
            Thread.sleep(20_000);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
