package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} in a process of its own, interrupted in every way: resumed, it gives what an uninterrupted run gives, bit by bit. */
class TrainSignalsTest {
    private static final int STEPS = 60;

    @TempDir
    private Path dir;

    private Path out = Path.of("");
    private Path file = Path.of("");
    private List<String> whole = List.of();
    private byte[] weights = new byte[0];
    private Map<String, String> snapshots = Map.of();

    @BeforeEach
    void uninterrupted() throws IOException {
        out = dir.resolve("out");
        ObjectNode recipe = TrainTest.recipe("gpt2", out)
                .put("steps", STEPS)
                .put("checkpoint_every", 7)
                .put("dropout", 0.1)
                .put("snapshots_every", 5);
        file = TrainTest.write(dir.resolve("recipe.json"), recipe);
        Path alone = dir.resolve("alone");
        Command c = Command.run("train", file, "--set", "out=" + alone);
        assertThat(c.code()).as(c.err()).isZero();
        whole = losses(alone);
        assertThat(whole).hasSize(STEPS);
        weights = Files.readAllBytes(alone.resolve("model.safetensors"));
        snapshots = snapshots(alone);
        assertThat(snapshots).hasSize(1 + STEPS / 5);
        assertThat(Set.copyOf(snapshots.values())).hasSizeGreaterThan(STEPS / 5 - 2);
    }

    /** Each snapshot with its weights. */
    private static Map<String, String> snapshots(Path out) throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> there = Files.list(out.resolve("snapshots"))) {
            for (Path p : there.toList()) {
                byte[] bytes = Files.readAllBytes(p.resolve("model.safetensors"));
                all.put(p.getFileName() + "", HexFormat.of().formatHex(bytes));
            }
        }
        return all;
    }

    private static List<String> losses(Path out) {
        return TrainTest.log(out.resolve("log.jsonl")).stream()
                .map(l -> l.get("step") + " " + l.get("loss") + " " + l.get("grad_norm") + " " + l.get("lr"))
                .toList();
    }

    private long lines() {
        try {
            Path log = out.resolve("log.jsonl");
            return Files.exists(log) ? Files.readString(log).lines().count() : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    private void signalled(String name, int code) throws IOException {
        long seen = 0;
        for (int i = 0; i < 2; i++) {
            long before = seen;
            try (Started run = Started.How.PLAIN.start("train", file, "--resume")) {
                run.until(() -> lines() > before + 3);
                run.signal(name);
                Command ended = run.end();
                assertThat(ended.code()).as(ended.err()).isEqualTo(code);
                assertThat(ended.err()).contains("--resume");
            }
            seen = lines();
            List<JsonNode> log = TrainTest.log(out.resolve("log.jsonl"));
            assertThat(out.resolve("checkpoints/step-" + log.size())).isDirectory();
        }
        assertThat(seen).isLessThan(STEPS);
        resumedWithSnapshots();
    }

    private void resumed() throws IOException {
        Command c = Command.run("train", file, "--resume");
        assertThat(c.code()).as(c.err()).isZero();
        assertThat(losses(out)).isEqualTo(whole);
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
    }

    private void resumedWithSnapshots() throws IOException {
        resumed();
        assertThat(snapshots(out)).isEqualTo(snapshots);
    }

    @Test
    void terminated() throws IOException {
        signalled("TERM", 143);
    }

    @Test
    void interrupted() throws IOException {
        signalled("INT", 130);
    }

    @Test
    void killed() throws IOException {
        for (int i = 0; i < 3; i++) {
            long before = lines();
            try (Started run = Started.How.PLAIN.start("train", file, "--resume")) {
                run.until(() -> lines() != before && lines() > 9);
                run.signal("KILL");
                run.end();
            }
        }
        resumedWithSnapshots();
    }

    /** On a file system of a megabyte, where there is one to be had without being root. */
    @Test
    void aFullDisk() throws IOException, InterruptedException {
        Path disk = Files.createDirectory(dir.resolve("disk"));
        Path small = disk.resolve("out");
        Path filler = dir.resolve("filler");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String cp = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String script = "mount -t tmpfs -o size=1m tmpfs " + disk + " || exit 77\n"
                + "train() { " + java + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --add-modules=jdk.incubator.vector"
                + " --enable-native-access=ALL-UNNAMED -cp '" + cp + "' dev.cutaway.cli.Main train " + file
                + " --set out=" + small
                + " \"$@\"; }\n"
                + "train --set steps=" + STEPS + " --set samples.every=" + STEPS + " snapshots_every=0 & pid=$!\n"
                + "while [ ! -d " + small + "/checkpoints/step-14 ]; do sleep 0.1; done\n"
                + "dd if=/dev/zero of=" + disk + "/filler bs=1k 2>/dev/null\n"
                + "wait $pid; echo code $? >" + filler + "\n"
                + "cp -r " + small + " " + out + "\n";
        Process p = new ProcessBuilder("unshare", "-rm", "sh", "-c", script)
                .redirectErrorStream(true)
                .start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(p.waitFor(60, TimeUnit.SECONDS)).isTrue();
        Assumptions.assumeTrue(
                p.exitValue() != 77 && !said.contains("unshare"), "no file system can be mounted: " + said);
        assertThat(Files.readString(filler)).as(said).isEqualTo("code 4\n");
        assertThat(said).containsPattern("the disk (is full|has)").doesNotContain("Exception");
        int logged = TrainTest.log(out.resolve("log.jsonl")).size(); // each line is whole
        assertThat(logged).isBetween(14, STEPS - 1);
        resumed();
    }
}
