package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code inspect} as a process: what it prints, that it serves, and how it ends. */
class InspectTest {
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:(\\d+)/\\?token=\\S+\n");

    private static HttpResponse<String> get(HttpClient client, String address) {
        try {
            return client.send(
                    HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(address, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130, inspect tales --no-open", "TERM, 143, ''"})
    void startsServesAndEnds(String signal, int code, String arguments) throws IOException {
        Object[] args = arguments.isEmpty() ? new Object[0] : arguments.split(" ");
        int port;
        try (Started started = Started.How.PLAIN.start(args);
                HttpClient client = HttpClient.newHttpClient()) {
            started.until(() -> started.out().endsWith("\n"));
            assertThat(started.out()).as("only the address").matches(ADDRESS);
            String address = started.out().strip();
            port = URI.create(address).getPort();
            HttpResponse<String> page = get(client, address);
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body()).contains("<html", "Cutaway");
            assertThat(get(client, "http://127.0.0.1:" + port + "/").statusCode())
                    .as("without the token")
                    .isEqualTo(403);

            Started.How.PLAIN
                    .run("inspect", "tales", "--no-open", "--port", port)
                    .failed(4, "127.0.0.1:" + port, "--port");

            started.until(() -> started.err().contains("Ctrl-C"));
            started.signal(signal);
            Command end = started.end();
            assertThat(end.code()).isEqualTo(code);
            assertThat(end.err().lines()).as("nothing but the hint").hasSize(1);
        }
        new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close(); // free again
    }

    @Test
    void whatCannotBeOpenedIsSaidAtOnce() {
        Command.run("inspect", "nothing", "--no-open").failed(3, "nothing", "tales");
        Command.run("inspect", "--no-open", "--port", 70_000).failed(2, "--port", "70000", "65535");
        Command.run("inspect", "--no-open", "--port", "x").failed(2, "--port", "x");
        Command.run("inspect", "--no-open", "--host", "192.0.2.1").failed(4, "192.0.2.1", "--host");
        Command.run("inspect", "--no-open", "--host", "host.invalid").failed(4, "host.invalid", "no such host");
    }

    @Test
    void whatIsNoRunIsSaidAtOnce(@TempDir Path dir) throws IOException {
        Command.run("inspect", dir, "--no-open").failed(3, dir + "", "neither a model", "nor a training run");
        Files.writeString(dir.resolve("run.jsonl"), "my novel\nand more\n");
        Command.run("inspect", dir, "--no-open").failed(3, dir.resolve("run.jsonl") + "", "no log of a training run");
        Files.writeString(dir.resolve("run.jsonl"), "{\"event\":\"begin\",\"step\":0}\n");
        Command.run("inspect", dir, "--no-open", "--adapter", "x").failed(2, "--adapter", dir + "/checkpoints");
        Command.run("train", dir.resolve("recipe.yaml"), "--port", 70_000).failed(2, "--port", "70000", "65535");
    }

    /** The page is there before the first step, while steps are done, and after the last. */
    @Test
    void trainingIsServedWhileItRuns(@TempDir Path dir) throws IOException {
        Path out = dir.resolve("out");
        Path recipe = TrainTest.write(
                dir.resolve("recipe.json"),
                TrainTest.recipe("gpt2", out).put("steps", 40).put("snapshots_every", 20));
        try (Started started = Started.How.PLAIN.start("train", recipe, "--inspect");
                HttpClient client = HttpClient.newHttpClient()) {
            started.until(() -> ADDRESS.matcher(started.err()).find());
            Matcher m = ADDRESS.matcher(started.err());
            assertThat(m.find()).isTrue();
            assertThat(get(client, m.group().strip()).statusCode()).isEqualTo(200);
            started.until(() -> started.err().contains("Ctrl-C"));
            assertThat(started.out()).as("what train prints").matches(out + ": 40 steps, loss .*\n");
            assertThat(get(client, m.group().strip()).statusCode()).isEqualTo(200);
            started.signal("INT");
            assertThat(started.end().code()).isEqualTo(130);
        }
    }
}
