package dev.cutaway.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.hub.FakeServer.Request;
import dev.cutaway.model.hub.FakeServer.Response;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from servers that behave and from servers that do not. */
@Timeout(60)
class HubTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    Path folder;

    private final byte[] weights = bytes(300_000);

    private static byte[] bytes(int n) {
        byte[] bytes = new byte[n];
        new SplittableRandom(n).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static String gitSha(byte[] bytes) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        digest.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().formatHex(digest.digest(bytes));
    }

    private HubSettings settings(FakeServer server) {
        return settings(server, 1L << 40);
    }

    private HubSettings settings(FakeServer server, long maxFile) {
        HubSettings defaults = HubSettings.of(Map.of("HF_ENDPOINT", server.address()), folder);
        return new HubSettings(
                defaults.endpoint(),
                folder.resolve("hub"),
                Optional.of("hf_secret"),
                false,
                Duration.ofSeconds(2),
                3,
                maxFile);
    }

    private Path fetch(FakeServer server, String reference) {
        return new Hub(settings(server), HubProgress.SILENT).fetch(HubReference.parse(reference));
    }

    /** A file as the hub serves it: described by HEAD, ranges honoured. */
    private static Response serve(Request request, byte[] data, String etag) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("X-Repo-Commit", COMMIT);
        headers.put("ETag", "\"" + etag + "\"");
        String range = request.header("Range");
        if (request.method().equals("GET") && range.startsWith("bytes=")) {
            int from = Integer.parseInt(range.substring(6, range.length() - 1));
            headers.put("Content-Range", "bytes " + from + "-" + (data.length - 1) + "/" + data.length);
            return Response.of(206, headers, Arrays.copyOfRange(data, from, data.length));
        }
        return Response.of(200, headers, data);
    }

    private FakeServer weightsServer() throws Exception {
        String etag = sha256(weights);
        return new FakeServer(r -> serve(r, weights, etag));
    }

    @Test
    void aFileComesOnceIntoTheUsualLayoutAndIsFoundWithoutNetwork() throws Exception {
        Path path;
        List<String> told = new ArrayList<>();
        HubProgress progress = new HubProgress() {
            @Override
            public void start(String file, long bytes, long present) {
                told.add("start " + file + " " + bytes + " " + present);
            }

            @Override
            public void done(String file) {
                told.add("done " + file);
            }
        };
        HubReference reference = HubReference.parse("hf:some/model/weights.gguf");
        try (FakeServer server = weightsServer()) {
            path = new Hub(settings(server), progress).fetch(reference);
            assertThat(server.requests).extracting(Request::path).allMatch(p -> p.startsWith("/some/model/resolve/"));
            assertThat(server.requests.getFirst().header("Authorization")).isEqualTo("Bearer hf_secret");
            assertThat(told).containsExactly("start weights.gguf 300000 0", "done weights.gguf");
            assertThat(path)
                    .isEqualTo(folder.resolve("hub/models--some--model/snapshots/" + COMMIT + "/weights.gguf"))
                    .hasBinaryContent(weights)
                    .isSymbolicLink();
            assertThat(Files.readSymbolicLink(path)).isEqualTo(Path.of("../../blobs/" + sha256(weights)));
            assertThat(folder.resolve("hub/models--some--model/refs/main")).hasContent(COMMIT);
            int requests = server.requests.size();
            assertThat(fetch(server, "hf:some/model/weights.gguf")).isEqualTo(path);
            assertThat(server.requests).hasSize(requests);
        }
        HubSettings offline = HubSettings.of(
                Map.of(
                        "HF_HUB_OFFLINE",
                        "1",
                        "HF_HUB_CACHE",
                        folder.resolve("hub").toString()),
                folder);
        assertThat(new Hub(offline, HubProgress.SILENT).fetch(reference)).isEqualTo(path);
        assertThatThrownBy(() -> new Hub(offline, HubProgress.SILENT).fetch(HubReference.parse("hf:other/model")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("HF_HUB_OFFLINE");
    }

    @Test
    void aCutConnectionIsResumedWhereItBroke() throws Exception {
        String etag = sha256(weights);
        AtomicInteger gets = new AtomicInteger();
        try (FakeServer server = new FakeServer(r -> {
            Response whole = serve(r, weights, etag);
            return r.method().equals("GET") && gets.incrementAndGet() < 4 ? whole.cutAfter(70_000) : whole;
        })) {
            assertThat(fetch(server, "hf:a/b/f.bin")).hasBinaryContent(weights);
            List<String> ranges = server.requests.stream()
                    .filter(r -> r.method().equals("GET"))
                    .map(r -> r.header("Range"))
                    .toList();
            assertThat(ranges).hasSize(4);
            assertThat(ranges.get(0)).isEmpty();
            assertThat(ranges.subList(1, 4)).allMatch(r -> r.matches("bytes=\\d+-"));
        }
    }

    @Test
    void aServerThatKnowsNoRangesStartsAgain() throws Exception {
        String etag = sha256(weights);
        AtomicInteger gets = new AtomicInteger();
        try (FakeServer server = new FakeServer(r -> {
            Response whole = serve(new Request(r.method(), r.path(), Map.of()), weights, etag);
            return r.method().equals("GET") && gets.incrementAndGet() == 1 ? whole.cutAfter(100_000) : whole;
        })) {
            assertThat(fetch(server, "hf:a/b/f.bin")).hasBinaryContent(weights);
        }
    }

    @Test
    void aServerThatFallsSilentIsGivenUpAndAskedAgain() throws Exception {
        String etag = sha256(weights);
        AtomicInteger gets = new AtomicInteger();
        try (FakeServer server = new FakeServer(r -> {
            Response whole = serve(r, weights, etag);
            return r.method().equals("GET") && gets.incrementAndGet() == 1 ? whole.silentAfter(100_000) : whole;
        })) {
            assertThat(fetch(server, "hf:a/b/f.bin")).hasBinaryContent(weights);
        }
    }

    @Test
    void wrongContentsAreNotKept() throws Exception {
        String other = sha256(bytes(7));
        try (FakeServer server = new FakeServer(r -> serve(r, weights, other))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b/f.bin"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("wrong checksum");
            try (var left = Files.list(folder.resolve("hub/models--a--b/blobs"))) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void whatAnEarlierDownloadLeftDamagedIsDownloadedAgain() throws Exception {
        Path blobs = Files.createDirectories(folder.resolve("hub/models--a--b/blobs"));
        Files.write(blobs.resolve(sha256(weights) + ".incomplete"), new byte[1000]);
        try (FakeServer server = weightsServer()) {
            assertThat(fetch(server, "hf:a/b/f.bin")).hasBinaryContent(weights);
        }
    }

    @Test
    void gitsOwnChecksumIsCheckedToo() throws Exception {
        byte[] small = "{}".getBytes(StandardCharsets.UTF_8);
        String etag = gitSha(small);
        assertThat(etag).isEqualTo("9e26dfeeb6e641a33dae4961196235bdb965b21b");
        try (FakeServer server = new FakeServer(r -> serve(r, small, etag))) {
            assertThat(fetch(server, "hf:a/b/config.json")).hasContent("{}");
        }
        try (FakeServer server = new FakeServer(r -> serve(r, "[]".getBytes(StandardCharsets.UTF_8), etag))) {
            assertThatThrownBy(() -> fetch(server, "hf:c/d/config.json")).hasMessageContaining("wrong checksum");
        }
    }

    @Test
    void lyingLengthsAreNoticed() throws Exception {
        String etag = sha256(weights);
        try (FakeServer longer = new FakeServer(r -> r.method().equals("HEAD")
                ? serve(r, weights, etag).with("X-Linked-Size", "1000").with("X-Linked-Etag", "\"" + etag + "\"")
                : serve(r, weights, etag))) {
            assertThatThrownBy(() -> fetch(longer, "hf:a/b/f.bin"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("should have 1000 bytes, but the server sends 300000");
        }
        try (FakeServer shorter = new FakeServer(
                r -> serve(r, weights, etag).with("Content-Length", "300000").cutAfter(0))) {
            assertThatThrownBy(() -> fetch(shorter, "hf:a/c/f.bin"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("could not be downloaded");
        }
        try (FakeServer huge = new FakeServer(r -> serve(r, weights, etag).with("X-Linked-Size", "999999999999999"))) {
            assertThatThrownBy(() -> fetch(huge, "hf:a/d/f.bin"))
                    .isInstanceOf(ResourceException.class)
                    .hasMessageContaining("999999999999999 bytes");
            Hub trusting = new Hub(settings(huge, Long.MAX_VALUE), HubProgress.SILENT);
            assertThatThrownBy(() -> trusting.fetch(HubReference.parse("hf:a/d/f.bin")))
                    .isInstanceOf(ResourceException.class)
                    .hasMessageContaining("room");
        }
    }

    @ParameterizedTest
    @CsvSource({"401,HF_TOKEN", "403,HF_TOKEN", "404,does not exist", "410,410", "500,500", "418,418"})
    void refusalsSayWhatToDo(int status, String words) throws Exception {
        try (FakeServer server = new FakeServer(r -> Response.empty(status).with("Retry-After", "0"))) {
            for (String reference : List.of("hf:a/b/f.bin", "hf:a/b")) {
                assertThatThrownBy(() -> fetch(server, reference))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageContaining(words)
                        .message()
                        .doesNotContain("\n");
            }
        }
    }

    @Test
    void tooManyRequestsAreWaitedFor() throws Exception {
        String etag = sha256(weights);
        AtomicInteger all = new AtomicInteger();
        try (FakeServer server = new FakeServer(r -> all.incrementAndGet() % 2 == 1
                ? Response.empty(429).with("Retry-After", "0")
                : serve(r, weights, etag))) {
            assertThat(fetch(server, "hf:a/b/f.bin")).hasBinaryContent(weights);
        }
    }

    @Test
    void theTokenStaysWithItsHost() throws Exception {
        String etag = sha256(weights);
        try (FakeServer storage = new FakeServer(r -> serve(r, weights, etag));
                FakeServer hub = new FakeServer(r -> Response.empty(302)
                        .with("Location", storage.address() + "/data?key=1")
                        .with("X-Repo-Commit", COMMIT)
                        .with("X-Linked-Etag", "\"" + etag + "\"")
                        .with("X-Linked-Size", "300000"))) {
            assertThat(fetch(hub, "hf:a/b/f.bin")).hasBinaryContent(weights);
            assertThat(hub.requests).extracting(r -> r.header("Authorization")).containsOnly("Bearer hf_secret");
            assertThat(storage.requests).isNotEmpty();
            assertThat(storage.requests)
                    .extracting(r -> r.header("Authorization"))
                    .containsOnly("");
        }
    }

    @Test
    void aRenamedRepositoryIsFollowed() throws Exception {
        String etag = sha256(weights);
        try (FakeServer server = new FakeServer(r -> r.path().startsWith("/old/")
                ? Response.empty(307).with("Location", r.path().replace("/old/", "/new/"))
                : serve(r, weights, etag))) {
            assertThat(fetch(server, "hf:old/name/f.bin")).hasBinaryContent(weights);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a/b/resolve/main/f.bin", "ftp://x/y", "file:///etc/passwd", "http://", ":::"})
    void strayRedirectsEnd(String location) throws Exception {
        try (FakeServer server = new FakeServer(r -> Response.empty(302).with("Location", location))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b/f.bin"))
                    .isInstanceOf(BadInputException.class)
                    .message()
                    .doesNotContain("\n");
        }
    }

    @Test
    void hostileDescriptionsAreRefused() throws Exception {
        String etag = sha256(weights);
        List<Function<Response, Response>> lies = List.of(
                r -> r.with("ETag", "\"../../../../tmp/x\""),
                r -> r.with("ETag", "\"\""),
                r -> r.with("X-Repo-Commit", "../../x"),
                r -> r.with("X-Repo-Commit", ""),
                r -> r.with("X-Linked-Size", "-5"),
                r -> r.with("X-Linked-Size", "x"));
        for (Function<Response, Response> lie : lies) {
            try (FakeServer server = new FakeServer(r -> lie.apply(serve(r, weights, etag)))) {
                assertThatThrownBy(() -> fetch(server, "hf:a/b/f.bin")).isInstanceOf(BadInputException.class);
            }
        }
        try (FakeServer server =
                new FakeServer(r -> Response.of(200, Map.of(), "<html>".getBytes(StandardCharsets.UTF_8)))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b/f.bin")).isInstanceOf(BadInputException.class);
            assertThatThrownBy(() -> fetch(server, "hf:a/b")).isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void nobodyThereIsSaid() throws Exception {
        FakeServer server = weightsServer();
        server.close();
        assertThatThrownBy(() -> fetch(server, "hf:a/b/f.bin"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot be reached");
    }

    private Function<Request, Response> repository(Map<String, byte[]> files) {
        return r -> {
            if (r.path().startsWith("/api/models/")) {
                String siblings = String.join(
                        ",",
                        files.keySet().stream()
                                .map(f -> "{\"rfilename\":\"" + f.replace("\\", "\\\\") + "\"}")
                                .toList());
                String json = "{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings + "]}";
                return Response.of(200, Map.of(), json.getBytes(StandardCharsets.UTF_8));
            }
            byte[] data = files.get(r.path().replaceFirst("^/[^/]+/[^/]+/resolve/[^/]+/", ""));
            try {
                return data == null ? Response.empty(404) : serve(r, data, sha256(data));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aWholeModelBringsWhatItNeedsAndNoMore() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String file : List.of("config.json", "tokenizer.json", "modules.json", "1_Pooling/config.json")) {
            files.put(file, text("{\"of\":\"" + file + "\"}"));
        }
        files.put(
                "model.safetensors.index.json",
                text(
                        "{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\",\"c\":\"model-1.safetensors\"}}"));
        files.put("model-1.safetensors", bytes(1000));
        files.put("model-2.safetensors", bytes(2000));
        files.put("pytorch_model.bin", bytes(10));
        files.put("onnx/model.onnx", bytes(10));
        files.put("../evil", bytes(10));
        try (FakeServer server = new FakeServer(repository(files))) {
            Path model = fetch(server, "hf:a/b");
            assertThat(model).isEqualTo(folder.resolve("hub/models--a--b/snapshots/" + COMMIT));
            assertThat(model.resolve("1_Pooling/config.json")).content().contains("1_Pooling");
            assertThat(model.resolve("model-2.safetensors")).hasBinaryContent(bytes(2000));
            assertThat(model.resolve("pytorch_model.bin")).doesNotExist();
            assertThat(model.resolve("onnx")).doesNotExist();
            int requests = server.requests.size();
            assertThat(fetch(server, "hf:a/b")).isEqualTo(model);
            assertThat(server.requests).hasSize(requests);
        }
    }

    /** What is not there is not asked for again, and the model opens without a network. */
    @Test
    void aModelWithoutATokenizerIsDownloadedOnce() throws Exception {
        Map<String, byte[]> files = Map.of("config.json", text("{}"), "model.safetensors", bytes(1000));
        Path model;
        try (FakeServer server = new FakeServer(repository(files))) {
            model = fetch(server, "hf:a/b");
            int requests = server.requests.size();
            assertThat(fetch(server, "hf:a/b")).isEqualTo(model);
            assertThat(server.requests).hasSize(requests);
        }
        Path marks = folder.resolve("hub/models--a--b/.no_exist/" + COMMIT);
        assertThat(marks.resolve("tokenizer.json")).isEmptyFile();
        assertThat(marks.resolve("config.json")).doesNotExist();
        // A snapshot of which nobody has said so, as an interrupted download of another program leaves it, is asked
        // for.
        Files.delete(marks.resolve("vocab.txt"));
        try (FakeServer server = new FakeServer(repository(files))) {
            fetch(server, "hf:a/b");
            assertThat(server.requests).isNotEmpty();
        }
    }

    @Test
    void aTokenizerComesWithoutTheWeights() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("config.json", text("{}"));
        files.put("vocab.json", text("{}"));
        files.put("merges.txt", text("a b"));
        files.put("model.safetensors", bytes(1000));
        HubReference reference = HubReference.parse("hf:a/b");
        try (FakeServer server = new FakeServer(repository(files))) {
            Hub hub = new Hub(settings(server), HubProgress.SILENT);
            Path path = hub.fetchTokenizer(reference);
            assertThat(path.resolve("merges.txt")).exists();
            assertThat(path.resolve("model.safetensors")).doesNotExist();
            int requests = server.requests.size();
            assertThat(hub.fetchTokenizer(reference)).isEqualTo(path);
            assertThat(server.requests).hasSize(requests);
            assertThat(hub.fetch(reference).resolve("model.safetensors")).hasBinaryContent(bytes(1000));
        }
        try (FakeServer server = new FakeServer(repository(Map.of("config.json", text("{}"))))) {
            Hub hub = new Hub(settings(server), HubProgress.SILENT);
            assertThatThrownBy(() -> hub.fetchTokenizer(HubReference.parse("hf:c/d")))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("hf:c/d: has no tokenizer.json");
        }
        try (FakeServer server = new FakeServer(repository(Map.of("a.gguf", bytes(1))))) {
            Hub hub = new Hub(settings(server), HubProgress.SILENT);
            assertThatThrownBy(() -> hub.fetchTokenizer(HubReference.parse("hf:e/f")))
                    .hasMessageContaining("hf:e/f/a.gguf");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../../x.safetensors",
                "/etc/x.safetensors",
                "sub/x.safetensors",
                "x.bin",
                "a\\\\b.safetensors",
                ""
            })
    void anIndexThatLeadsElsewhereIsRefused(String shard) throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("config.json", text("{}"));
        files.put("tokenizer.json", text("{}"));
        files.put("model.safetensors.index.json", text("{\"weight_map\":{\"a\":\"" + shard + "\"}}"));
        try (FakeServer server = new FakeServer(repository(files))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b"))
                    .isInstanceOf(BadInputException.class)
                    .message()
                    .doesNotContain("\n");
        }
    }

    @Test
    void repositoriesWithoutAModelSayWhatTheyHave() throws Exception {
        try (FakeServer server = new FakeServer(repository(Map.of("a.Q4_0.gguf", bytes(1), "README.md", bytes(1))))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("hf:a/b/a.Q4_0.gguf");
        }
        try (FakeServer server =
                new FakeServer(repository(Map.of("config.json", bytes(1), "pytorch_model.bin", bytes(1))))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b")).hasMessageContaining("not run");
        }
        try (FakeServer server = new FakeServer(repository(Map.of("model.safetensors", bytes(1))))) {
            assertThatThrownBy(() -> fetch(server, "hf:a/b")).hasMessageContaining("config.json");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hf:",
                "hf:a",
                "hf:/b",
                "hf:a/",
                "hf:../b",
                "hf:a/..",
                "hf:a/b/../c",
                "hf:a/b//c",
                "hf:a/b/c\\d",
                "hf:a/b/C:x",
                "hf:a b/c",
                "hf:a/b@../x",
                "hf:a/b/\n",
                "hf:a--b/c",
                "model"
            })
    void otherFormsAreNoReferences(String text) {
        assertThatThrownBy(() -> HubReference.parse(text))
                .isInstanceOf(UsageException.class)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void referencesAndSettingsAreRead() {
        HubReference reference = HubReference.parse("hf:some-one/Model_1.5@v2/sub/f.gguf");
        assertThat(reference)
                .isEqualTo(new HubReference("some-one", "Model_1.5", "v2", Optional.of("sub/f.gguf")))
                .hasToString("hf:some-one/Model_1.5@v2/sub/f.gguf");
        Path home = Path.of("/home/x");
        HubSettings none = HubSettings.of(Map.of(), home);
        assertThat(none.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(none.endpoint()).hasToString("https://huggingface.co");
        HubSettings some = HubSettings.of(
                Map.of(
                        "HF_HOME",
                        "~/hf",
                        "HF_TOKEN",
                        " t ",
                        "HF_ENDPOINT",
                        "https://mirror.test/",
                        "HF_HUB_OFFLINE",
                        "true"),
                home);
        assertThat(some.cache()).isEqualTo(home.resolve("hf/hub"));
        assertThat(some.token()).contains("t");
        assertThat(some.offline()).isTrue();
        assertThat(some.toString()).doesNotContain("Optional").contains("with a token");
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "file:///x"), home))
                .isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_TOKEN", "a\nb"), home))
                .isInstanceOf(UsageException.class)
                .message()
                .doesNotContain("a\nb");
    }
}
