package dev.cutaway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run's file as it grows, is cut back, replaced, and broken. */
final class RunLogTest {
    @TempDir
    private Path dir;

    private Path file = Path.of("");
    private RunLog log = new RunLog(Path.of(""));

    @BeforeEach
    void begin() throws IOException {
        file = dir.resolve("run.jsonl");
        log = new RunLog(file);
        log.poll();
        assertThat(log.rows().count()).isZero();
        append("{\"event\":\"begin\",\"step\":0,\"steps\":100}\n");
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String step(long step, double loss) {
        return String.format(
                Locale.ROOT,
                "{\"event\":\"step\",\"step\":%d,\"loss\":%s,\"grad_norm\":%s,\"lr\":0.1,\"tokens_per_s\":5,\"time\":%d.5}\n",
                step,
                loss,
                1 / loss,
                1000 + step);
    }

    private List<Double> losses(long from, long width) {
        List<Double> out = new ArrayList<>();
        for (JsonNode row : log.rows().sent(from, width)) {
            out.add(row.get(1).asDouble());
        }
        return out;
    }

    private List<Double> losses() {
        log.poll();
        return losses(0, 1);
    }

    @Test
    void linesAppearWhenTheyAreWhole() throws IOException {
        String third = step(3, 0.7);
        append(step(1, 0.9) + step(2, 0.8) + third.substring(0, 30));
        assertThat(losses()).containsExactly(0.9, 0.8);
        append(third.substring(30, third.length() - 1));
        assertThat(losses()).containsExactly(0.9, 0.8);
        append("\n");
        assertThat(losses()).containsExactly(0.9, 0.8, 0.7);
        assertThat(log.complaint()).isEmpty();
        assertThat(log.begin().path("steps").asInt()).isEqualTo(100);
    }

    @Test
    void sharesOfRightLabelsAreReadByName() throws IOException {
        append(
                "{\"event\":\"valid\",\"step\":4,\"loss\":3,\"accuracy\":{\"labels\":0.25,\"pairs\":0.5,\"odd\":\"x\"}}\n");
        append("{\"event\":\"valid\",\"step\":8,\"loss\":2,\"accuracy\":7}\n");
        log.poll();
        assertThat(log.valid())
                .containsExactly(
                        new RunLog.Valid(4, 3, Map.of("labels", 0.25, "pairs", 0.5)), new RunLog.Valid(8, 2, Map.of()));
    }

    @Test
    void aRunThatGoesOnFromACheckpointLosesWhatCameAfterIt() throws IOException {
        append(step(1, 0.9) + "{\"event\":\"valid\",\"step\":1,\"loss\":3}\n");
        long kept = Files.size(file);
        append(step(2, 0.8) + "{\"event\":\"valid\",\"step\":2,\"loss\":2}\n");
        append("{\"event\":\"sample\",\"step\":2,\"prompt\":\"a\",\"text\":\" b\"}\n");
        assertThat(losses()).containsExactly(0.9, 0.8);
        long before = log.generation();
        String whole = Files.readString(file).substring(0, (int) kept);
        // Longer than before at once, as when nobody looked for a while: only the bytes tell.
        Files.writeString(
                file, whole + "{\"event\":\"begin\",\"step\":1,\"steps\":200}\n" + step(2, 0.75) + step(3, 0.6));
        assertThat(losses()).containsExactly(0.9, 0.75, 0.6);
        assertThat(log.valid()).containsExactly(new RunLog.Valid(1, 3, Map.of()));
        assertThat(log.samples()).isEmpty();
        assertThat(log.begin().path("steps").asInt()).isEqualTo(200);
        assertThat(log.generation()).isNotEqualTo(before);
        Files.writeString(file, whole); // cut back, nothing written yet
        assertThat(losses()).containsExactly(0.9);
    }

    @Test
    void anotherRunInTheSamePlaceIsAnotherRun() throws IOException {
        append(step(1, 0.9));
        assertThat(losses()).containsExactly(0.9);
        Path other =
                Files.writeString(dir.resolve("other"), Files.readString(file).replace("0.9", "0.5"));
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(losses()).containsExactly(0.5);
        Files.delete(file);
        assertThat(losses()).isEmpty();
        append(step(1, 0.25));
        assertThat(losses()).containsExactly(0.25);
    }

    @Test
    void linesThatAreNoneAreLeftOutAndNamed() throws IOException {
        append(step(1, 0.9) + "{\"event\":\"step\",\"st\n" + "my novel\n\n{\"event\":\"step\",\"step\":\"two\"}\n"
                + step(2, 0.8));
        append("{\"event\":\"step\",\"step\":3,\"loss\":null,\"norms\":[]}\n");
        append("{\"event\":\"something new\",\"step\":3}\n");
        log.poll();
        assertThat(log.rows().sent(0, 1)).hasSize(3);
        assertThat(log.rows().sent(0, 1).get(2).get(1).isNull()).isTrue();
        assertThat(log.complaint())
                .isEqualTo("run.jsonl: line 6 is no event of a run and is left out, as are 3 before it");
    }

    @Test
    void aLineWithoutEndTakesNoMemory() throws IOException {
        append(step(1, 0.9));
        for (int i = 0; i < 9; i++) {
            append("x".repeat(1 << 20));
        }
        log.poll();
        append("\n" + step(2, 0.8));
        assertThat(losses()).containsExactly(0.9, 0.8);
        assertThat(log.complaint()).contains("line 3");
    }

    @Test
    void thinnedStepsAreStepsAndKeepTheExtremes() throws IOException {
        long seed = 7;
        Random random = new Random(seed);
        int steps = 30_000;
        double[] all = new double[steps + 1];
        StringBuilder text = new StringBuilder();
        for (int s = 1; s <= steps; s++) {
            all[s] = 0.1 + random.nextDouble();
            text.append(step(s, all[s]));
        }
        append(text.toString());
        log.poll();
        long width = RunRows.width(steps);
        assertThat(width).isGreaterThan(1);
        JsonNode rows = log.rows().sent(0, width);
        assertThat(rows.size()).isBetween(500, 5_000);
        long before = 0;
        for (JsonNode row : rows) {
            int s = row.get(0).asInt();
            assertThat((long) s).isGreaterThan(before);
            before = s;
            assertThat(row.get(1).asDouble()).as("seed %d, step %d", seed, s).isEqualTo(all[s]);
        }
        assertThat(before).isEqualTo(steps);
        for (int from = 0; from + width <= steps; from += (int) width) {
            int end = from + (int) width;
            double least = IntStream.range(Math.max(1, from), end)
                    .mapToDouble(s -> all[s])
                    .min()
                    .orElseThrow();
            double most = IntStream.range(Math.max(1, from), end)
                    .mapToDouble(s -> all[s])
                    .max()
                    .orElseThrow();
            assertThat(losses(from, width).subList(0, 6)).contains(least);
            assertThat(losses(from, width).subList(0, 6)).contains(most);
            from += 40 * (int) width; // a sample of the runs of steps
        }
    }

    @Test
    void normsThatAreDrawnTogetherAreTheLargest() throws IOException {
        int measured = 2_500;
        StringBuilder text = new StringBuilder();
        for (int s = 1; s <= measured; s++) {
            text.append(
                    "{\"event\":\"step\",\"step\":" + s + ",\"loss\":1,\"norms\":{\"a\":{\"grad\":" + s + ",\"weight\":"
                            + (measured - s) + ",\"update\":0},\"b\":{\"grad\":1,\"weight\":1,\"update\":1}}}\n");
        }
        append(text.toString());
        log.poll();
        JsonNode sent = log.norms().sent(0);
        assertThat(sent.get("parts").toString()).isEqualTo("[\"a\",\"b\"]");
        assertThat(sent.get("columns").size()).isBetween(400, 1_000);
        int next = 1;
        for (JsonNode c : sent.get("columns")) {
            assertThat(c.get(0).asInt()).isEqualTo(next);
            assertThat(c.get(1).asInt() - c.get(0).asInt() + 1)
                    .isEqualTo(c.get(2).asInt());
            assertThat(c.get(3).get(0).asInt()).isEqualTo(c.get(1).asInt());
            assertThat(c.get(4).get(0).asInt()).isEqualTo(measured - c.get(0).asInt());
            next = c.get(1).asInt() + 1;
        }
        assertThat(next).isEqualTo(measured + 1);
    }
}
