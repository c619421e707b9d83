package dev.cutaway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which models a run has saved. */
final class RunSavedTest {
    @TempDir
    private Path run;

    private void model(String place) throws IOException {
        Path d = Files.createDirectories(run.resolve(place));
        Files.writeString(d.resolve("model.safetensors"), "weights");
    }

    private Iterable<String> found() {
        return RunSaved.in(run).stream()
                .map(s -> s.step() + " " + s.kind() + (s.result() ? ", result" : ""))
                .toList();
    }

    @Test
    void stepsInOrderEachOnce() throws IOException {
        assertThat(found()).isEmpty();
        model("checkpoints/step-100");
        model("checkpoints/step-20");
        model("snapshots/step-0");
        model("snapshots/step-20");
        model("snapshots/.step-30.part");
        Files.createDirectories(run.resolve("snapshots/step-40")); // of somebody else
        Files.writeString(run.resolve("snapshots/step-50"), "a file");
        assertThat(found()).containsExactly("0 snapshot", "20 snapshot", "100 checkpoint");
        assertThat(RunSaved.in(run).get(1).path()).isEqualTo(run.resolve("snapshots/step-20"));
    }

    @Test
    void theResultIsAStep() throws IOException {
        model("checkpoints/step-100");
        model(".");
        assertThat(found()).containsExactly("100 checkpoint"); // nobody has said of which step the weights are
        Files.writeString(run.resolve("training.json"), "{\"weights_of_step\":100}");
        assertThat(found()).containsExactly("100 checkpoint, result");
        Files.writeString(run.resolve("training.json"), "{\"weights_of_step\":60}");
        assertThat(found()).containsExactly("60 result, result", "100 checkpoint");
        Files.writeString(run.resolve("training.json"), "{\"weights_of");
        assertThat(found()).containsExactly("100 checkpoint");
    }
}
