package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * There is one graph: changing one constant of an operation changes what runs, what is looked at, what is explained and what is
 * described, all by the same.
 */
class OneTruthTest {
    private static final String SCALE = "blocks.1.ln1.hook_scale";

    private record Seen(float[] run, float[] look, String explained, String described) {}

    private static Seen see(Path model) {
        try (Model m = Model.open(model.toString());
                Session s = m.session()) {
            float[] run = s.append(new Random(1).ints(9, 3, 97).toArray()).clone();
            Tensor logits = s.look().value("logits", 8, 9);
            String inner = s.look()
                    .explain(SCALE, 0, 8, 0)
                    .terms()
                    .getFirst()
                    .factors()
                    .getFirst()
                    .detail();
            return new Seen(
                    run,
                    logits.toFloats(),
                    inner,
                    String.join("; ", m.describe().constants()));
        }
    }

    private static Path changed(Path to, String key, String value) throws IOException {
        Path from = GoldenTest.root().resolve("models/llama");
        try (var files = Files.list(from)) {
            for (Path f : files.toList()) {
                Files.copy(f, to.resolve(f.getFileName()));
            }
        }
        Path config = to.resolve("config.json");
        String text = Files.readString(config);
        String other = text.replaceAll("\"" + key + "\": [^,}]+", "\"" + key + "\": " + value);
        assertThat(other).isNotEqualTo(text);
        Files.writeString(config, other);
        return to;
    }

    @Test
    void anEpsilonChangesAllFourReaders(@TempDir Path folder) throws IOException {
        Seen before = see(GoldenTest.root().resolve("models/llama"));
        Seen after = see(changed(folder, "rms_norm_eps", "0.25"));
        assertThat(after.run).isNotEqualTo(before.run);
        assertThat(after.look).isNotEqualTo(before.look);
        assertThat(before.explained).contains("0.03");
        assertThat(after.explained).contains("0.25").doesNotContain("0.03");
        assertThat(before.described).contains("eps 0.03");
        assertThat(after.described).contains("eps 0.25").doesNotContain("eps 0.03");
        for (int i = 0; i < after.run.length; i++) {
            assertThat(after.run[i]).isCloseTo(after.look[i], org.assertj.core.api.Assertions.within(1e-4f));
        }
    }
}
