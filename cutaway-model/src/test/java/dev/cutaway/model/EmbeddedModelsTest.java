package dev.cutaway.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class EmbeddedModelsTest {
    private static final long MOST = 30_000_000;

    private static String sum(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    void manifestsSayWhatIsThere() throws IOException, NoSuchAlgorithmException {
        long all = 0;
        for (String name : EmbeddedModels.names()) {
            Map<String, Object> manifest = EmbeddedModels.manifest(name);
            Path path = EmbeddedModels.path(name).orElseThrow();
            assertThat(EmbeddedModels.isCopy(path)).isTrue();
            Path directory = Files.isDirectory(path) ? path : Objects.requireNonNull(path.getParent());
            StringBuilder lines = new StringBuilder();
            long bytes = 0;
            for (Object file : (List<?>) Objects.requireNonNull(manifest.get("files"))) {
                byte[] content = Files.readAllBytes(directory.resolve(file.toString()));
                lines.append(sum(content)).append("  ").append(file).append('\n');
                bytes += content.length;
            }
            assertThat(manifest.get("sha256"))
                    .as(name)
                    .isEqualTo(sum(lines.toString().getBytes(StandardCharsets.UTF_8)));
            assertThat(((Number) Objects.requireNonNull(manifest.get("bytes"))).longValue())
                    .as(name)
                    .isEqualTo(bytes);
            assertThat(manifest)
                    .as(name)
                    .containsKeys("title", "architecture", "parameters", "data_licence", "training");
            try (Model m = Model.open(name)) {
                assertThat(m.name()).isEqualTo(name);
                assertThat(m.checkpoint().names()).isNotEmpty();
            }
            all += bytes;
        }
        assertThat(all).isLessThan(MOST);
    }

    /** The prompt that was held out from its nineteen sentences, and the word that no sentence had behind it. */
    @Test
    void fruitKnowsWhatItNeverRead() {
        try (Model m = Model.open("fruit");
                Session s = m.session()) {
            var t = m.tokenizer();
            int[] ids = t.ids("i like spicy so i like", dev.cutaway.text.EncodeOptions.TEXT);
            var first = s.generate(ids, GenerateOptions.greedy(1)).tokens().getFirst();
            assertThat(first.text().strip()).isEqualTo("chili");
            assertThat(Math.exp(first.logprob())).isGreaterThan(0.9);
        }
    }
}
