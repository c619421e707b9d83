package dev.cutaway.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Trainer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run writes: whole or not at all. */
class RunFilesTest {
    @TempDir
    private Path dir;

    private RunDirectory open(RunDirectory.If there) {
        return RunDirectory.open(dir.resolve("out"), there);
    }

    private static void write(RunDirectory d, long step) {
        d.write(step, part -> Files.writeString(part.resolve("x"), "of " + step));
    }

    @Test
    void aCheckpointThatFailsLeavesTheOthers() throws IOException {
        try (RunDirectory d = open(RunDirectory.If.REFUSE)) {
            write(d, 5);
            assertThatThrownBy(() -> d.write(10, part -> {
                        Files.writeString(part.resolve("x"), "half");
                        throw new IOException("No space left on device");
                    }))
                    .isInstanceOf(ResourceException.class)
                    .hasMessageContaining("step-10: the disk is full");
            assertThat(d.steps()).containsExactly(5L);
            try (var files = Files.list(dir.resolve("out/checkpoints"))) {
                assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder(".lock", "step-5");
            }
        }
    }

    @Test
    void onlyCheckpointsThatAreKeptStay() throws IOException {
        try (RunDirectory d = open(RunDirectory.If.REFUSE)) {
            for (long s : new long[] {5, 10, 100, 15}) {
                write(d, s);
            }
            d.keepOnly(Set.of(5L, 100L));
            assertThat(d.steps()).containsExactly(5L, 100L);
            assertThat(d.last()).contains(100L);
            write(d, 100);
            assertThat(Files.readString(d.checkpoint(100).resolve("x"))).isEqualTo("of 100");
        }
    }

    @Test
    void whatAKilledProcessLeftIsRemoved() throws IOException {
        try (RunDirectory d = open(RunDirectory.If.REFUSE)) {
            write(d, 5);
        }
        Path out = dir.resolve("out");
        Files.createDirectories(out.resolve("checkpoints/.step-10.part"));
        Files.writeString(out.resolve("checkpoints/.step-10.part/x"), "half");
        Files.writeString(out.resolve(".model.safetensors.part"), "half");
        Files.writeString(out.resolve("notes.txt"), "the user's");
        try (RunDirectory d = open(RunDirectory.If.RESUME)) {
            assertThat(d.steps()).containsExactly(5L);
            assertThat(out.resolve("checkpoints/.step-10.part")).doesNotExist();
            assertThat(out.resolve(".model.safetensors.part")).doesNotExist();
            assertThatThrownBy(() -> open(RunDirectory.If.RESUME))
                    .isInstanceOf(ResourceException.class)
                    .hasMessageContaining("another process");
        }
        assertThatThrownBy(() -> open(RunDirectory.If.REFUSE))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--resume");
        open(RunDirectory.If.OVERWRITE).close();
        assertThat(out.resolve("checkpoints/step-5")).doesNotExist();
        assertThat(out.resolve("notes.txt")).exists();
    }

    @Test
    void aModelOfSomebodyElseIsNotOverwritten() throws IOException {
        Files.createDirectories(dir.resolve("out"));
        Files.writeString(dir.resolve("out/config.json"), "{}");
        for (RunDirectory.If there : RunDirectory.If.values()) {
            assertThatThrownBy(() -> open(there))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("no run of Cutaway");
        }
        assertThat(Files.readString(dir.resolve("out/config.json"))).isEqualTo("{}");
    }

    @Test
    void aLogHoldsEachStepOnce() throws IOException {
        Path file = dir.resolve("sub/log.jsonl");
        try (LineLog log = LineLog.open(file, 0)) {
            for (int s = 1; s <= 5; s++) {
                log.add(Map.of("step", s));
            }
        }
        Files.writeString(file, "{\"step\":6,\"lo", java.nio.file.StandardOpenOption.APPEND);
        try (LineLog log = LineLog.open(file, 3)) {
            log.add(Map.of("step", 4));
        }
        assertThat(Files.readAllLines(file))
                .containsExactly("{\"step\":1}", "{\"step\":2}", "{\"step\":3}", "{\"step\":4}");
        LineLog.open(file, 0).close();
        assertThat(file).isEmptyFile();
    }

    @Test
    void whatIsNoLogStays() throws IOException {
        for (String content : List.of("my novel", "my novel\nand more\n", "{\"a\":1}\n")) {
            Path file = Files.writeString(dir.resolve("novel"), content);
            assertThatThrownBy(() -> LineLog.open(file, 0))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("is no log");
            assertThat(Files.readString(file)).isEqualTo(content);
        }
    }

    /** Records as TensorFlow's, checksums included. */
    @Test
    void eventsAreRecords() throws IOException {
        try (TensorBoard board = new TensorBoard(dir.resolve("tb"), 3)) {
            board.step(new Trainer.Step(4, 2.5, 1, 0.1, 7), 100, Map.of());
            board.sample(4, "Once", " upon");
        }
        Path file;
        try (var files = Files.list(dir.resolve("tb"))) {
            file = files.findFirst().orElseThrow();
        }
        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        StringBuilder all = new StringBuilder();
        int records = 0;
        while (b.hasRemaining()) {
            int start = b.position();
            int length = Math.toIntExact(b.getLong());
            assertThat(b.getInt()).isEqualTo(masked(b.array(), start, 8));
            byte[] data = new byte[length];
            b.get(data);
            assertThat(b.getInt()).isEqualTo(masked(data, 0, length));
            all.append(new String(data, StandardCharsets.ISO_8859_1));
            records++;
        }
        assertThat(records).isEqualTo(4);
        assertThat(all).contains("brain.Event:2", "train/loss", "train/lr", "Once upon");
    }

    private static int masked(byte[] x, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(x, from, length);
        long c = crc.getValue();
        return (int) (((c >> 15) | (c << 17)) + 0xa282ead8L);
    }
}
