package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./cutaway --fetch-jdk} against a server that answers as Adoptium's does. */
@Tag("launcher")
final class JdkFetchTest {
    @TempDir
    Path temp;

    private HttpServer server;
    private byte[] archive = {};
    private String announced = "";
    private String asked = "";

    @BeforeEach
    void serve() throws Exception {
        fakeJdk(temp.resolve("packed/jdk-25.0.9+1"), "25.0.9");
        Shell.in(temp.resolve("packed")).run("tar", "-czf", "../jdk.tar.gz", "jdk-25.0.9+1");
        archive = Files.readAllBytes(temp.resolve("jdk.tar.gz"));
        announced = sha256(archive);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v3/assets/latest/25/hotspot", exchange -> {
            asked = exchange.getRequestURI().getQuery();
            answer(exchange.getResponseBody(), length -> exchange.sendResponseHeaders(200, length), answerText());
        });
        server.createContext(
                "/files/",
                exchange -> answer(
                        exchange.getResponseBody(), length -> exchange.sendResponseHeaders(200, length), archive));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /** A folder that the launcher takes for a JDK of that version. */
    static Path fakeJdk(Path at, String version) throws IOException {
        Files.createDirectories(at.resolve("bin"));
        for (String program : new String[] {"java", "javac"}) {
            Path file = at.resolve("bin").resolve(program);
            Files.writeString(file, "#!/bin/sh\nexit 0\n");
            assertThat(file.toFile().setExecutable(true)).isTrue();
        }
        Files.writeString(at.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
        return at;
    }

    @Test
    void downloadsChecksAndFinds() throws IOException {
        Shell.Outcome outcome = fetch("--which-jdk");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).isEqualTo(store() + "/jdk-25.0.9+1\n");
        assertThat(asked).contains("image_type=jdk", "os=", "architecture=");
        try (Stream<Path> left = Files.list(store())) {
            assertThat(left).as("nothing else is left").hasSize(1);
        }

        Shell.Outcome later = shell().run(SourceTree.ROOT + "/cutaway", "--which-jdk");
        assertThat(later.out()).isEqualTo(outcome.out());
        assertThat(later.err()).isEmpty();
    }

    @Test
    void wrongChecksumLeavesNothingBehind() throws IOException {
        announced = sha256(new byte[1]);
        Shell.Outcome outcome = fetch("--which-jdk");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("SHA-256", announced, sha256(archive));
        try (Stream<Path> left = Files.list(store())) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void serverThatIsNotThere() {
        server.stop(0);
        Shell.Outcome outcome = fetch("--which-jdk");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("no answer", "network");
    }

    @Test
    void answerWithoutAPackage() {
        announced = "";
        archive = "[]".getBytes(StandardCharsets.UTF_8);
        Shell.Outcome outcome = fetch("--which-jdk");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("names no package");
    }

    private Shell.Outcome fetch(String... arguments) {
        String[] command = Stream.concat(Stream.of(SourceTree.ROOT + "/cutaway", "--fetch-jdk"), Stream.of(arguments))
                .toArray(String[]::new);
        return shell().run(command);
    }

    private Shell shell() {
        return Shell.in(temp)
                .with("CUTAWAY_JDK_SEARCH", "no")
                .with(
                        "CUTAWAY_JDK_API",
                        "http://127.0.0.1:" + server.getAddress().getPort())
                .with("XDG_CACHE_HOME", temp.resolve("the cache").toString());
    }

    private Path store() {
        return temp.resolve("the cache/cutaway/jdk");
    }

    /** Laid out as the real one is, with the installer's checksum beside the package's. */
    private byte[] answerText() {
        if (announced.isEmpty()) {
            return archive;
        }
        String json =
                """
                [
                    {
                        "binary": {
                            "architecture": "x64",
                            "image_type": "jdk",
                            "installer": {"checksum": "%s", "link": "http://127.0.0.1:9/wrong.pkg"},
                            "package": {
                                "checksum": "%s",
                                "checksum_link": "http://127.0.0.1:9/sums.txt",
                                "link": "http://127.0.0.1:%d/files/jdk.tar.gz",
                                "metadata_link": "http://127.0.0.1:9/meta.json",
                                "size": 1
                            },
                            "scm_ref": "x"
                        },
                        "release_name": "jdk-25.0.9+1"
                    }
                ]
                """.formatted("0".repeat(64), announced, server.getAddress().getPort());
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private interface Headers {
        void send(long length) throws IOException;
    }

    private static void answer(OutputStream body, Headers headers, byte[] content) throws IOException {
        headers.send(content.length);
        body.write(content);
        body.close();
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
