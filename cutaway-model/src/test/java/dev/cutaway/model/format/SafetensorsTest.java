package dev.cutaway.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SafetensorsTest {
    private static final String GOOD = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]}}";

    @TempDir
    private Path directory;

    private Path raw(long length, String header, int data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(json);
        return Files.write(directory.resolve("model.safetensors"), bytes.array());
    }

    private Path raw(String header, int data) throws IOException {
        return raw(header.getBytes(StandardCharsets.UTF_8).length, header, data);
    }

    private void refused(Path file, String... parts) {
        assertThatThrownBy(() -> Checkpoint.open(file).close())
                .isInstanceOf(BadInputException.class)
                .satisfies(e -> {
                    assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n", "Exception");
                    for (String part : parts) {
                        assertThat(e.getMessage()).contains(part);
                    }
                });
    }

    @Test
    void readsWhatIsThere() throws IOException {
        try (Checkpoint c = Checkpoint.open(raw(GOOD, 11))) {
            assertThat(c.names()).containsExactly("a", "b");
            assertThat(c.require("a")).hasToString("f32[2]");
            assertThat(c.fileOffset("b")).isEqualTo(8 + GOOD.length() + 8);
            assertThat(c.tensor("c")).isEmpty();
            assertThatThrownBy(() -> c.require("c")).hasMessageContaining("tensor c is missing");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[0,8]|[0,9]|does not take the 9 bytes",
                "[0,8]|[8,0]|outside",
                "[0,8]|[-8,0]|out of range",
                "[0,8]|[0,99999999999999999999]|out of range",
                "[0,8]|[0,9007199254740993]|outside",
                "[0,8]|[0,8,9]|more than 2",
                "[0,8]|[0]|1 numbers",
                "[0,8]|[0,8.0]|not a whole number",
                "[0,8]|\"0,8\"|not an array",
                "[2]|[3]|does not take",
                "[2]|[-2]|out of range",
                "[2]|[4611686018427387904,4]|too many elements",
                "[2]|[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]|more than 32",
                "\"F32\"|\"F33\"|F33",
                "\"F32\"|32|not a string",
                "\"F32\"|\"F16\"|does not take",
                "\"b\"|\"a\"|appears twice",
                "[8,11]|[7,10]|overlaps",
                "[0,8]|[1,9]|starts at byte 1",
                "\"shape\":[2],||no shape",
                "\"dtype\":\"F32\",||no dtype",
            })
    void refusesHeadersThatLie(String part, String lie, String message) throws IOException {
        String header = GOOD.replaceFirst(java.util.regex.Pattern.quote(part), lie == null ? "" : lie);
        assertThat(header).isNotEqualTo(GOOD);
        refused(raw(header, 11), message);
    }

    @Test
    void refusesFilesCutShortAnywhere() throws IOException {
        byte[] good = Files.readAllBytes(raw(GOOD, 11));
        for (int n = 0; n < good.length; n++) {
            Path file = Files.write(directory.resolve("cut.safetensors"), java.util.Arrays.copyOf(good, n));
            refused(file);
        }
        refused(
                Files.write(directory.resolve("long.safetensors"), java.util.Arrays.copyOf(good, good.length + 1)),
                "end");
    }

    @Test
    void refusesHeaderLengthsBeforeBelievingThem() throws IOException {
        refused(raw(99, "{}", 0), "99", "truncated");
        refused(raw(-1, "{}", 0), "18446744073709551615");
        refused(raw(Long.MAX_VALUE, "{}", 0), "100000000");
        refused(raw(0, "{}", 0), "between 2");
    }

    @Test
    void refusesJsonThatIsNoHeader() throws IOException {
        refused(raw("[]", 0), "not an object");
        refused(raw("{\"a\":1}", 0), "tensor a is not an object");
        refused(raw("{\"a\":{}}", 0), "no dtype");
        refused(raw("{} x", 0), "not valid JSON");
        refused(raw("{}{}", 0), "after its closing brace");
        refused(raw("{\"a\":{\"x\":" + "[".repeat(100_000), 0), "not valid JSON");
        refused(raw("{\"__metadata__\":{\"k\":1}}", 0), "__metadata__ k");
        refused(raw("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0), "twice");
        refused(raw("{\"" + "n".repeat(100_000) + "\":{}}", 0), "not valid JSON");
    }

    @Test
    void mutatedHeadersNeverFailOtherwise() throws IOException {
        byte[] good = Files.readAllBytes(raw(GOOD, 11));
        long seed = 20251;
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            byte[] bad = good.clone();
            for (int k = 0; k <= random.nextInt(3); k++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(directory.resolve("m.safetensors"), bad);
            try (Checkpoint c = Checkpoint.open(file)) {
                for (String name : c.names()) {
                    c.tensor(name);
                }
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("seed %d round %d", seed, round).doesNotContain("\n");
            }
        }
    }

    @Test
    void opensTypesItCannotReadButSaysSoWhenAsked() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}";
        try (Checkpoint c = Checkpoint.open(raw(header, 8))) {
            assertThatThrownBy(() -> c.tensor("a")).hasMessageContaining("F8_E4M3");
        }
    }

    @Test
    void noticesThatTheFileShrank() throws IOException {
        Path file = raw(GOOD, 11);
        try (Checkpoint c = Checkpoint.open(file)) {
            Files.write(file, new byte[10]);
            assertThatThrownBy(() -> c.tensor("a"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("shrank");
        }
    }

    @Test
    @Timeout(10)
    void refusesWhatIsNoFile() throws IOException, InterruptedException {
        refused(Path.of("/dev/zero"), "device");
        refused(directory, "model.safetensors");
        refused(directory.resolve("none.safetensors"), "no such file");
        Path pipe = directory.resolve("pipe.safetensors");
        if (new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0) {
            refused(pipe, "pipe");
        }
    }

    @Test
    void readsShards() throws IOException {
        SafetensorsWriter.write(directory.resolve("one.safetensors"), Map.of("a", Tensor.of(new float[] {1, 2})));
        SafetensorsWriter.write(directory.resolve("two.safetensors"), Map.of("b", Tensor.of(new float[] {3})));
        Path index = directory.resolve("model.safetensors.index.json");
        Files.writeString(
                index,
                "{\"metadata\":{\"x\":[1]},\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
        try (Checkpoint c = Checkpoint.open(directory)) {
            assertThat(c.require("a").toFloats()).containsExactly(1, 2);
            assertThat(c.require("b").toFloats()).containsExactly(3);
            assertThat(c.file("b")).endsWith(Path.of("two.safetensors"));
        }
        Files.writeString(index, "{\"weight_map\":{\"c\":\"one.safetensors\"}}");
        refused(index, "tensor c", "one.safetensors");
        for (String name :
                List.of("../one.safetensors", "/etc/passwd", "a/../../b.safetensors", "C:\\\\x.safetensors", "")) {
            Files.writeString(index, "{\"weight_map\":{\"a\":\"" + name + "\"}}");
            refused(index, "same directory");
        }
        Files.writeString(index, "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}");
        refused(index, "twice");
        Files.writeString(index, "{\"weight_map\":");
        refused(index, "not valid JSON");
        Files.writeString(index, "{\"weight_map\":{\"a\":\"gone.safetensors\"}}");
        assertThatThrownBy(() -> Checkpoint.open(index)).hasMessageContaining("gone.safetensors: is not there");
    }

    @Test
    void writesWhatItReads() throws IOException {
        Random random = new Random(7);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.I8, DType.F32, DType.BF16, DType.I64, DType.F16, DType.BOOL, DType.F64)) {
            Tensor t = Tensor.zeros(dtype, random.nextInt(5), 1 + random.nextInt(7));
            for (long i = 0; i < t.size(); i++) {
                t.set(i, random.nextInt(2));
            }
            tensors.put("tensor." + dtype.label() + ".\u00e9", t);
        }
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(
                file,
                tensors.entrySet().stream()
                        .map(e -> StreamedTensor.of(e.getKey(), e.getValue()))
                        .toList(),
                Map.of("format", "pt"),
                _ -> {});
        try (Checkpoint c = Checkpoint.open(directory)) {
            assertThat(c.metadata()).isEqualTo(Map.of("format", "pt"));
            assertThat(c.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
            tensors.forEach((name, t) -> {
                Tensor read = c.require(name);
                assertThat(read).hasToString(t.toString());
                assertThat(read.data().mismatch(t.data())).isEqualTo(-1);
                assertThat(c.fileOffset(name) % t.dtype().blockBytes()).isZero();
            });
        }
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(file, Map.of("a", Tensor.of(new float[] {1})));
        StreamedTensor failing = new StreamedTensor("b", DType.F32, List.of(2L), _ -> {
            throw new BadInputException("source is gone");
        });
        assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(failing), Map.of(), _ -> {}))
                .hasMessage("source is gone");
        assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of("q", Tensor.zeros(DType.Q8_0, 32))))
                .isInstanceOf(UsageException.class);
        try (Checkpoint c = Checkpoint.open(file)) {
            assertThat(c.names()).containsExactly("a");
        }
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }
}
