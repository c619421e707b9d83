package dev.cutaway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a page can ask over its socket. */
final class DeskTest {
    private final BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    private InspectorServer server;
    private HttpClient client;
    private WebSocket socket;

    @BeforeEach
    void connect() throws InterruptedException {
        server = InspectorServer.start(AccessTest.source(), "127.0.0.1", 0);
        client = HttpClient.newHttpClient();
        URI address = server.address();
        String token = address.getQuery().substring("token=".length());
        socket = client.newWebSocketBuilder()
                .header("Cookie", "cutaway-" + address.getPort() + "=" + token)
                .buildAsync(URI.create("ws://127.0.0.1:" + address.getPort() + "/socket"), new Collector(answers))
                .join();
        assertThat(next().path("models").get(0).asText()).isEqualTo("counting");
        send("{\"id\":1,\"do\":\"open\",\"model\":\"counting\"}");
        assertThat(next().path("facts").path("name").asText()).isEqualTo("counting");
    }

    @AfterEach
    void close() {
        socket.abort();
        client.shutdownNow();
        server.close();
    }

    private record Collector(BlockingQueue<Object> answers, StringBuilder text) implements WebSocket.Listener {
        Collector(BlockingQueue<Object> answers) {
            this(answers, new StringBuilder());
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                answers.add(text.toString());
                text.setLength(0);
            }
            return WebSocket.Listener.super.onText(socket, data, last);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] copy = new byte[data.remaining()];
            data.get(copy);
            answers.add(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
            return WebSocket.Listener.super.onBinary(socket, data, last);
        }
    }

    private void send(String message) {
        socket.sendText(message, true).join();
    }

    private Object take() throws InterruptedException {
        Object answer = answers.poll(20, TimeUnit.SECONDS);
        assertThat(answer).as("an answer within 20 s").isNotNull();
        return answer;
    }

    private JsonNode next() throws InterruptedException {
        return Wire.parse((String) take());
    }

    @Test
    void aTensorComesAsOneFrameOfFloats() throws InterruptedException {
        send("{\"id\":2,\"do\":\"prompt\",\"text\":\"abc\"}");
        assertThat(next().path("tokens")).hasSize(3);
        send("{\"id\":3,\"do\":\"rows\",\"name\":\"count\",\"from\":1,\"to\":3}");
        ByteBuffer frame = (ByteBuffer) take();
        assertThat(frame.getInt()).isEqualTo(3);
        assertThat(new int[] {frame.getInt(), frame.getInt(), frame.getInt(), frame.getInt()})
                .containsExactly(3, 1, 2, 4);
        for (int i = 4; i < 12; i++) {
            assertThat(frame.getFloat()).isEqualTo(i);
        }
        assertThat(frame.hasRemaining()).isFalse();
    }

    @Test
    void aSmallPictureKeepsTheLargestByMagnitude() {
        InspectedModel.Matrix m = new InspectedModel.Matrix(
                new long[] {1, 2, 3, 3}, new float[] {1, -5, 2, 0, 3, 4, 7, 8, -9, 1, 1, 1, 1, 1, 1, 1, 1, -2});
        InspectedModel.Matrix small = Small.of(m, 2);
        assertThat(small.shape()).containsExactly(1, 2, 2, 2);
        assertThat(small.values()).containsExactly(-5, 4, 8, -9, 1, 1, 1, -2);
        assertThat(Small.of(m, 3).values()).isEqualTo(m.values());
    }

    @Test
    void whatIsWrongIsAnsweredInOneLine() throws InterruptedException {
        send("{\"id\":2,\"do\":\"prompt\",\"text\":\"\"}");
        assertThat(next().path("error").asText()).contains("the text is empty");
        send("{\"id\":3,\"do\":\"rows\",\"name\":\"cuont\",\"from\":0,\"to\":1}");
        assertThat(next().path("error").asText()).contains("nearest is 'count'");
        send("{\"id\":4,\"do\":\"dance\"}");
        assertThat(next().path("error").asText()).contains("dance");
        send("{\"id\":6,\"do\":\"open\",\"model\":\"/etc\"}");
        assertThat(next().path("error").asText()).contains("not one of the models");
        send("not json");
        assertThat(next().path("error").asText()).contains("not JSON");
        send("{\"id\":5,\"do\":\"prompt\",\"text\":\"ab\"}");
        assertThat(next().path("id").asInt()).isEqualTo(5);
    }

    @Test
    void aModelTakesTheOthersPlaceWithItsTextOrNotAtAll() throws InterruptedException {
        send("{\"id\":2,\"do\":\"prompt\",\"text\":\"ab\"}");
        next();
        send("{\"id\":3,\"do\":\"open\",\"model\":\"counting\",\"text\":\"\"}");
        assertThat(next().path("error").asText()).contains("the text is empty");
        send("{\"id\":4,\"do\":\"truncate\",\"length\":1}");
        assertThat(next().path("tokens")).hasSize(1); // what was open before still is
        send("{\"id\":5,\"do\":\"open\",\"model\":\"counting\",\"text\":\"xy\",\"then\":[97,98]}");
        JsonNode answer = next();
        assertThat(answer.path("facts").path("name").asText()).isEqualTo("counting");
        assertThat(answer.path("tokens").findValuesAsText("text")).containsExactly("x", "y", "a", "b");
        send("{\"id\":6,\"do\":\"training\"}");
        assertThat(next().path("error").asText()).contains("not with a training run");
    }

    @Test
    void tokensAreStreamedAndStopped() throws InterruptedException {
        send("{\"id\":2,\"do\":\"prompt\",\"text\":\"ab\"}");
        next();
        send("{\"id\":3,\"do\":\"generate\",\"most\":4000,\"settings\":{}}");
        assertThat(next().path("event").asText()).isEqualTo("token");
        send("{\"do\":\"stop\"}");
        JsonNode answer = next();
        while (answer.has("event")) {
            answer = next();
        }
        assertThat(answer.path("id").asInt()).isEqualTo(3);
        assertThat(answer.path("tokens").size()).isBetween(3, 1000);
    }

    @Test
    void aDerivationComesAsItWasDeclared() throws InterruptedException {
        send("{\"id\":2,\"do\":\"prompt\",\"text\":\"ab\"}");
        next();
        send("{\"id\":3,\"do\":\"explain\",\"name\":\"count\",\"index\":[0,1,2]}");
        JsonNode derivation = next().path("derivation");
        assertThat(derivation.path("terms")).hasSize(2);
        assertThat(derivation.path("recomputed").asDouble()).isEqualTo(2);
        assertThat(derivation
                        .path("terms")
                        .get(0)
                        .path("factors")
                        .get(0)
                        .path("name")
                        .asText())
                .isEqualTo("count");
    }
}
