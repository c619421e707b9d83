package dev.cutaway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** BLEU against sacrebleu's ({@code verification/bleu/make.py}). */
class BleuTest {
    private static JsonNode expected() throws IOException {
        Path root = Path.of(System.getProperty("cutaway.root", ".."));
        return Golden.json(Files.readString(root.resolve("verification/bleu/expected.json")));
    }

    private static List<String> texts(JsonNode list) {
        List<String> all = new ArrayList<>();
        list.forEach(t -> all.add(t.textValue()));
        return all;
    }

    @Test
    void wordsAreSacrebleus() throws IOException {
        for (JsonNode one : expected().get("words")) {
            String text = one.get("text").textValue();
            assertThat(Bleu.words(text)).as(text).isEqualTo(texts(one.get("words")));
        }
    }

    @Test
    void scoresAreSacrebleus() throws IOException {
        int seen = 0;
        for (Map.Entry<String, JsonNode> corpus : expected().get("corpora").properties()) {
            JsonNode c = corpus.getValue();
            Bleu bleu = new Bleu();
            for (int i = 0; i < c.get("hypotheses").size(); i++) {
                bleu.add(
                        c.get("hypotheses").get(i).textValue(),
                        texts(c.get("references").get(i)));
            }
            Bleu.Score s = bleu.score();
            String name = corpus.getKey();
            assertThat(s.bleu()).as(name).isCloseTo(c.get("bleu").doubleValue(), within(1e-9));
            for (int n = 0; n < Bleu.ORDER; n++) {
                assertThat(s.precisions().get(n))
                        .as(name + ", " + (n + 1) + " words")
                        .isCloseTo(c.get("precisions").get(n).doubleValue(), within(1e-9));
            }
            assertThat(s.brevityPenalty())
                    .as(name)
                    .isCloseTo(c.get("brevity_penalty").doubleValue(), within(1e-12));
            assertThat(s.length()).as(name).isEqualTo(c.get("length").longValue());
            assertThat(s.referenceLength())
                    .as(name)
                    .isEqualTo(c.get("reference_length").longValue());
            seen++;
        }
        assertThat(seen).isEqualTo(8);
    }

    @Test
    void aTranslationNeedsAReference() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Bleu().add("a", List.of()));
        assertThat(new Bleu().score().bleu()).isZero();
    }
}
