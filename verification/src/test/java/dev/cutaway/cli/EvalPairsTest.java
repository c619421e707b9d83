package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.GenerateOptions;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.Translations;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.Bleu;
import dev.cutaway.text.EncodeOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cutaway eval --pairs}: BLEU and loss of translations. */
class EvalPairsTest {
    private static final int MOST = 256;

    @TempDir
    private Path dir;

    private static final List<String> SOURCES = List.of("w5 w9 w11", "w6", "w40 w41 w42 w43 w44 w45 w46", "w7 w7 w8");
    private static final List<List<String>> TARGETS =
            List.of(List.of("w10 w12", "w11"), List.of("w13"), List.of("w20 w21 w22 w23 w24"), List.of("w30 w31"));

    private Path pairs(Path to) throws IOException {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < SOURCES.size(); i++) {
            rows.append(SOURCES.get(i))
                    .append('\t')
                    .append(TARGETS.get(i).getFirst())
                    .append('\n');
        }
        rows.append(SOURCES.getFirst())
                .append('\t')
                .append(TARGETS.getFirst().getLast())
                .append('\n');
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gz = new GZIPOutputStream(bytes)) {
            gz.write(rows.toString().getBytes(StandardCharsets.UTF_8));
        }
        return Files.write(to, bytes.toByteArray());
    }

    private Path model() {
        return Command.withWords("marian", dir.resolve("m"));
    }

    @Test
    void bleuAndLossAreThoseOfTheTranslationsOneByOne() throws IOException {
        Path model = model();
        Path file = pairs(dir.resolve("pairs.tsv.gz"));
        Command c = Command.run("eval", model, "--pairs", file, "--json").done();
        JsonNode got = c.jsonLines().toList().getFirst();
        Bleu bleu = new Bleu();
        double sum = 0;
        int tokens = 0;
        try (Model opened = Model.open(model.toString());
                Session session = opened.session()) {
            for (int i = 0; i < SOURCES.size(); i++) {
                session.source(opened.tokenizer().ids(SOURCES.get(i), EncodeOptions.TEXT));
                String text = session.generate(new int[] {opened.decoderStart()}, GenerateOptions.greedy(MOST))
                        .text();
                bleu.add(text, TARGETS.get(i));
                for (String target : TARGETS.get(i)) {
                    int[] ids = opened.tokenizer().ids(target + " w2", EncodeOptions.TEXT);
                    session.truncate(0);
                    int[] given = new int[ids.length];
                    given[0] = opened.decoderStart();
                    System.arraycopy(ids, 0, given, 1, ids.length - 1);
                    session.append(given);
                    sum += loss(session.look().value("logits"), ids); // by the definition, not by a kernel
                    tokens += ids.length;
                }
            }
        }
        assertThat(got.get("bleu").doubleValue()).isCloseTo(bleu.score().bleu(), within(1e-9));
        assertThat(got.get("loss").doubleValue()).isCloseTo(sum / tokens, within(1e-4));
        assertThat(got.get("target_tokens").intValue()).isEqualTo(tokens);
        assertThat(got.get("sentences").intValue()).isEqualTo(4);
        assertThat(got.get("references").intValue()).isEqualTo(5);
        assertThat(Command.run("eval", model, "--pairs", file, "--limit", 2)
                        .done()
                        .out())
                .contains("sentences    2, with 3 references");
        assertThat(Command.run("eval", model, "--pairs", file, "--beams", 2, "--json")
                        .done()
                        .out())
                .contains("\"beams\":2");
    }

    private static double loss(Tensor logits, int[] ids) {
        int vocabulary = (int) logits.dim(-1 + logits.rank());
        double sum = 0;
        for (int i = 0; i < ids.length; i++) {
            double all = 0;
            for (int t = 0; t < vocabulary; t++) {
                all += Math.exp(logits.get((long) i * vocabulary + t));
            }
            sum += Math.log(all) - logits.get((long) i * vocabulary + ids[i]);
        }
        return sum;
    }

    @Test
    void sideBySideIsOneByOne() {
        try (Model opened = Model.open(Command.model("marian").toString())) {
            List<int[]> sources = new ArrayList<>();
            for (int i = 0; i < 9; i++) {
                int first = 5 + 7 * i;
                sources.add(java.util.stream.IntStream.range(0, 1 + i % 4 * 3)
                        .map(k -> (first + 11 * k) % 90)
                        .toArray());
            }
            List<int[]> alone = new ArrayList<>();
            try (Session session = opened.session()) {
                for (int[] source : sources) {
                    session.source(source);
                    alone.add(
                            session
                                    .generate(new int[] {opened.decoderStart()}, GenerateOptions.greedy(12))
                                    .tokens()
                                    .stream()
                                    .mapToInt(t -> t.id())
                                    .filter(id -> !opened.endTokens().contains(id))
                                    .toArray());
                }
            }
            int[] done = new int[9];
            try (Translations t = new Translations(opened, 4, 12)) {
                List<int[]> together = t.answer(sources, i -> done[i]++);
                for (int i = 0; i < sources.size(); i++) {
                    assertThat(together.get(i)).as("source " + i).containsExactly(alone.get(i));
                }
            }
            assertThat(Arrays.stream(done).sum()).isEqualTo(9);
        }
    }

    @Test
    void badInput() throws IOException {
        Path model = model();
        Path file = pairs(dir.resolve("pairs.tsv.gz"));
        Command.run("eval", model).failed(2, "--pairs");
        Command.run("eval", model, "--pairs", file, "--text", file).failed(2, "--text");
        Command.run("eval", model, "--text", file, "--limit", 3).failed(2, "--pairs");
        Command.run("eval", model, "--pairs", file, "--limit", 0).failed(2, "--limit 0");
        Command.run("eval", model, "--pairs", file, "--source", "en").failed(2, "--source en");
        Command.run("eval", model, "--pairs", file, "--target", 7).failed(3, "column 7 is wanted");
        Command.run("eval", model, "--pairs", dir.resolve("no.tsv")).failed(3, "no such file");
        Command.run("eval", Command.model("gpt2"), "--pairs", file).failed(2, "is no encoder-decoder");
        Command.run("eval", model, "--text", pairs(dir.resolve("t"))).failed(3, "UTF-8");
        Path lines = Files.writeString(dir.resolve("p.jsonl"), "{\"source\":\"w5\",\"target\":\"w6\"}\n");
        Command.run("eval", model, "--pairs", lines).done();
        Path broken = Files.writeString(dir.resolve("broken.tsv"), "w5\tw6\nno tab here\n");
        Command some = Command.run("eval", model, "--pairs", broken);
        assertThat(some.code()).isZero();
        assertThat(some.err()).contains("broken.tsv, line 2: has 1 columns");
        Command.run("eval", model, "--pairs", lines, "--source", "en").failed(3, "has no text under en");
    }
}
