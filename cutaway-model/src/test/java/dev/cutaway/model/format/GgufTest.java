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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class GgufTest {
    @TempDir
    private Path directory;

    /** A header written field by field, so that each field can lie. */
    private static final class Raw {
        private final ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

        Raw start(int version, long tensors, long keys) {
            bytes.put("GGUF".getBytes(StandardCharsets.US_ASCII))
                    .putInt(version)
                    .putLong(tensors)
                    .putLong(keys);
            return this;
        }

        Raw text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            bytes.putLong(utf8.length).put(utf8);
            return this;
        }

        Raw int32(int... values) {
            for (int v : values) {
                bytes.putInt(v);
            }
            return this;
        }

        Raw int64(long... values) {
            for (long v : values) {
                bytes.putLong(v);
            }
            return this;
        }

        Raw octet(int v) {
            bytes.put((byte) v);
            return this;
        }

        Raw tensor(String name, int type, long offset, long... reversedShape) {
            return text(name)
                    .int32(reversedShape.length)
                    .int64(reversedShape)
                    .int32(type)
                    .int64(offset);
        }

        Raw data(int bytesOfData) {
            bytes.position((bytes.position() + 31) / 32 * 32 + bytesOfData);
            return this;
        }
    }

    private Path file(Raw raw) {
        try {
            return Files.write(directory.resolve("model.gguf"), Arrays.copyOf(raw.bytes.array(), raw.bytes.position()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void refused(Raw raw, String... parts) {
        refused(file(raw), parts);
    }

    private static void refused(Path file, String... parts) {
        assertThatThrownBy(() -> Checkpoint.open(file).close())
                .isInstanceOf(BadInputException.class)
                .satisfies(e -> {
                    assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n", "Exception");
                    for (String part : parts) {
                        assertThat(e.getMessage()).contains(part);
                    }
                });
    }

    private static Raw one(Consumer<Raw> key) {
        Raw raw = new Raw().start(3, 0, 1);
        key.accept(raw);
        return raw.data(64);
    }

    @Test
    void refusesOtherFiles() throws IOException {
        refused(Files.writeString(directory.resolve("x.gguf"), "GGML and more text than a header"), "no GGUF file");
        refused(new Raw().start(1, 0, 0), "version 1");
        refused(new Raw().start(4, 0, 0), "version 4");
        refused(new Raw().start(Integer.reverseBytes(3), 0, 0), "big-endian");
        refused(Files.write(directory.resolve("empty.gguf"), new byte[0]), "truncated");
    }

    @Test
    @Timeout(20)
    void holdsCountsAgainstTheFileBeforeAllocating() {
        refused(new Raw().start(3, Long.MAX_VALUE, 0), "number of tensors", "9223372036854775807");
        refused(new Raw().start(3, -1, 0), "number of tensors", "18446744073709551615");
        refused(new Raw().start(3, 0, 1L << 40), "number of keys");
        refused(one(r -> r.int64(Long.MAX_VALUE).int32(0)), "name of key 0");
        refused(one(r -> r.text("k").int32(8).int64(1L << 33)), "key k, its length");
        for (int type : new int[] {0, 4, 6, 7, 8, 9, 10, 12}) {
            refused(one(r -> r.text("k").int32(9, type).int64(1L << 31)), "the length of key k");
            refused(one(r -> r.text("k").int32(9, type).int64(1L << 20)), "the length of key k", "1048576");
            refused(one(r -> r.text("k").int32(9, type).int64(-1)), "the length of key k");
        }
        refused(one(r -> r.text("k").int32(9, 13).int64(1)), "type 13");
        refused(one(r -> r.text("k").int32(13)), "type 13");
        refused(one(r -> r.text("k").int32(-1)), "type 4294967295");
        refused(one(r -> r.text("k").int32(7).octet(2)), "truth value");
        refused(one(r -> r.text("k").int32(10).int64(-1)), "out of range");
        refused(
                new Raw()
                        .start(3, 0, 2)
                        .text("k")
                        .int32(0)
                        .octet(1)
                        .text("k")
                        .int32(0)
                        .octet(1),
                "twice");
        Raw nested = new Raw().start(3, 0, 1).text("k").int32(9);
        for (int i = 0; i < 100; i++) {
            nested.int32(9).int64(1);
        }
        refused(nested, "nested");
    }

    @Test
    @Timeout(20)
    void aSparseFileOfZerosCostsNothing() throws IOException {
        Path file = file(one(r -> r.text("k").int32(9, 8).int64(1 << 24)));
        try (var channel = java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 1L << 36);
        }
        Checkpoint.open(file).close(); // sixteen million empty texts, and no more than that
        Path longer = file(one(r -> r.text("k").int32(9, 8).int64(1L << 30)));
        try (var channel = java.nio.channels.FileChannel.open(longer, java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 1L << 36);
        }
        refused(longer, "the length of key k");
    }

    @Test
    void refusesTensorsThatLie() {
        refused(new Raw().start(3, 1, 0).tensor("t", 0, 0, 4).data(15), "takes 16 bytes", "tensor t");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, 16, 4).data(64), "alignment");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, -32, 4).data(64), "18446744073709551584");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, Long.MAX_VALUE & -32, 4).data(64), "beyond");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, 0, 1L << 62, 4).data(64), "impossible");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, 0, 1L << 62).data(64), "impossible");
        refused(new Raw().start(3, 1, 0).tensor("t", 0, 0, -4).data(64), "impossible");
        refused(new Raw().start(3, 1, 0).tensor("t", 2, 0, 33).data(64), "whole blocks of 32");
        refused(new Raw().start(3, 1, 0).tensor("t", 99, 0, 32).data(64), "type 99", "q4_k");
        refused(new Raw().start(3, 1, 0).text("t").int32(9).data(64), "9 dimensions");
        refused(new Raw().start(3, 1, 0).text("t").int32(-1).data(64), "4294967295 dimensions");
        refused(
                new Raw()
                        .start(3, 2, 0)
                        .tensor("t", 0, 0, 4)
                        .tensor("t", 0, 32, 4)
                        .data(64),
                "twice");
        refused(
                new Raw()
                        .start(3, 2, 0)
                        .tensor("t", 0, 0, 16)
                        .tensor("u", 0, 32, 4)
                        .data(64),
                "overlaps");
        refused(new Raw().start(3, 0, 1).text("general.alignment").int32(4).int32(24), "general.alignment is 24");
        refused(new Raw().start(3, 0, 1).text("general.alignment").int32(4).int32(0), "general.alignment is 0");
        refused(new Raw().start(3, 0, 1).text("general.alignment").int32(8).text("x"), "not a whole number");
        refused(new Raw().start(3, 1, 0).tensor("a\nb\u0007", 0, 0, 400).data(16), "a?b?");
    }

    @Test
    void namesTypesItCannotReadWhenAsked() {
        try (Checkpoint c = Checkpoint.open(
                file(new Raw().start(3, 1, 0).tensor("t", 16, 0, 256).data(66)))) {
            assertThatThrownBy(() -> c.tensor("t"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("IQ2_XXS");
        }
    }

    @Test
    void readsVersionTwoAndTurnsShapesRound() {
        Raw raw = new Raw().start(2, 1, 1).text("general.alignment").int32(4).int32(64);
        raw.tensor("t", 0, 64, 3, 2);
        raw.bytes.position((raw.bytes.position() + 63) / 64 * 64 + 64);
        raw.bytes.putFloat(5).position(raw.bytes.position() + 20);
        try (Checkpoint c = Checkpoint.open(file(raw))) {
            assertThat(c.require("t")).hasToString("f32[2, 3]");
            assertThat(c.require("t").get(0)).isEqualTo(5);
            assertThat(c.fileOffset("t") % 64).isZero();
        }
    }

    private static SequencedMap<String, GgufValue> someKeys() {
        SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
        keys.put("general.architecture", GgufValue.of("llama"));
        keys.put("a.u32", GgufValue.of(7));
        keys.put("a.f32", GgufValue.of(1e-5f));
        keys.put("a.bool", GgufValue.of(true));
        keys.put("a.texts", GgufValue.of(new String[] {"", "\u00e9\ud83d\ude00", "x".repeat(70_000)}));
        keys.put("a.ints", GgufValue.of(new int[] {1, -2}));
        keys.put("a.floats", GgufValue.of(new float[] {1.5f}));
        keys.put("a.bools", GgufValue.of(new boolean[] {true, false}));
        for (GgufType type : GgufType.values()) {
            switch (type) {
                case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {
                    keys.put("one." + type, new GgufValue(type, type, 100L));
                    keys.put("many." + type, new GgufValue(GgufType.ARRAY, type, new int[] {1, 2, 3}));
                }
                default -> {}
            }
        }
        keys.put("big", new GgufValue(GgufType.ARRAY, GgufType.INT64, new long[] {-1, 1L << 50}));
        keys.put("double", new GgufValue(GgufType.FLOAT64, GgufType.FLOAT64, 0.1));
        keys.put("doubles", new GgufValue(GgufType.ARRAY, GgufType.FLOAT64, new double[] {0.1}));
        keys.put(
                "nested",
                new GgufValue(
                        GgufType.ARRAY,
                        GgufType.ARRAY,
                        List.of(GgufValue.of(new int[] {1}), GgufValue.of(new String[] {"a", "b"}))));
        return keys;
    }

    private static void same(GgufValue a, GgufValue b) {
        assertThat(a.type()).isEqualTo(b.type());
        assertThat(a.element()).isEqualTo(b.element());
        if (a.value() instanceof List<?> list) {
            List<?> other = (List<?>) b.value();
            for (int i = 0; i < list.size(); i++) {
                same((GgufValue) list.get(i), (GgufValue) other.get(i));
            }
        } else {
            assertThat(a.value()).isEqualTo(b.value());
        }
    }

    @Test
    void writesWhatItReads() throws IOException {
        Random random = new Random(3);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            if (GgmlType.of(dtype).isPresent()) {
                Tensor t = Tensor.zeros(dtype, 3, 256);
                for (long i = 0; i < t.byteSize(); i++) {
                    t.data().set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
                }
                tensors.put("t." + dtype, t);
            }
        }
        tensors.put("vector", Tensor.of(new float[] {1, 2, 3}));
        Path file = directory.resolve("out.gguf");
        GgufWriter.write(file, someKeys(), tensors);
        try (Gguf read = Gguf.open(file)) {
            assertThat(read.keys().values().sequencedKeySet())
                    .containsExactlyElementsOf(someKeys().sequencedKeySet());
            read.keys().values().forEach((key, value) -> same(value, someKeys().getOrDefault(key, GgufValue.of(0))));
            assertThat(read.names()).containsExactlyElementsOf(tensors.keySet());
            tensors.forEach((name, t) -> {
                assertThat(read.require(name)).hasToString(t.toString());
                assertThat(read.require(name).data().mismatch(t.data())).isEqualTo(-1);
            });
            assertThat(read.keys().number("a.f32")).contains(1e-5);
            assertThatThrownBy(() -> read.keys().string("a.u32")).hasMessageContaining("key a.u32 is 7, not a text");
            assertThatThrownBy(() -> read.keys().size("a.f32")).hasMessageContaining("not a whole number");
            assertThatThrownBy(() -> read.keys().size("none")).hasMessageContaining("key none is missing");
        }
        assertThatThrownBy(() -> GgufWriter.write(file, Map.of(), Map.of("t", Tensor.zeros(DType.BOOL, 2))))
                .isInstanceOf(UsageException.class);
        cutAnywhere(file);
    }

    private void cutAnywhere(Path file) throws IOException {
        byte[] good = Files.readAllBytes(file);
        Path cut = directory.resolve("cut.gguf");
        Random random = new Random(5);
        for (int i = 0; i < 400; i++) {
            int n = i < 100 ? i : random.nextInt(good.length - 32);
            refused(Files.write(cut, Arrays.copyOf(good, n)));
        }
    }

    @Test
    @Timeout(60)
    void mutatedFilesNeverFailOtherwise() throws IOException {
        SequencedMap<String, GgufValue> keys = someKeys();
        keys.remove("a.texts");
        keys.put("general.alignment", GgufValue.of(32));
        Path file = directory.resolve("out.gguf");
        GgufWriter.write(file, keys, Map.of("a", Tensor.zeros(2, 3), "b", Tensor.zeros(DType.Q4_0, 1, 32)));
        byte[] good = Files.readAllBytes(file);
        long seed = 11;
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            byte[] bad = good.clone();
            for (int k = 0; k <= random.nextInt(3); k++) {
                bad[random.nextInt(bad.length)] = (byte) (random.nextBoolean() ? random.nextInt(256) : 255);
            }
            Path mutated = Files.write(directory.resolve("m.gguf"), bad);
            try (Checkpoint c = Checkpoint.open(mutated)) {
                for (String name : c.names()) {
                    c.tensor(name);
                }
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("seed %d round %d", seed, round).doesNotContain("\n");
            }
        }
    }
}
