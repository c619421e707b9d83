package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.WORDS;
import static dev.cutaway.train.data.Toy.input;
import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.train.Example;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hidden words and next sentences. */
class MaskedTest {
    @TempDir
    private Path folder;

    private DataContext context(int batch, int context) {
        Tokenizer t = Toy.words(folder, 994); // 1000 tokens
        return Toy.context(Family.ENCODER, t, batch, context);
    }

    private Batches sentences(String text, int batch, int context, Object... more) {
        Map<String, Object> data = new HashMap<>();
        data.put("sentences", Toy.write(folder.resolve("s.txt"), text).toString());
        for (int i = 0; i < more.length; i += 2) {
            data.put((String) more[i], more[i + 1]);
        }
        return DataSource.of(data, "masked+next-sentence", context(batch, context));
    }

    /** What Hugging Face's DataCollatorForLanguageModeling draws: 15 % labels, of these 80 % mask, 10 % any token, 10 % itself. */
    @Test
    void ratesAreThoseOfBert() {
        StringBuilder text = new StringBuilder();
        SplittableRandom r = new SplittableRandom(3);
        for (int i = 0; i < 40_000; i++) {
            text.append('w').append(r.nextInt(994)).append(i % 100 == 99 ? '\n' : ' ');
        }
        Path f = Toy.write(folder.resolve("a.txt"), text.toString());
        Batches b = DataSource.of(Map.of("text", f.toString(), "lines", true), "masked", context(20, 128));
        double words = 0;
        double hidden = 0;
        double mask = 0;
        double same = 0;
        double other = 0;
        for (int s = 1; s <= 40; s++) {
            for (Example e : b.batch(s)) {
                int[] ids = input(e, "tokens");
                int[] labels = labels(e);
                assertThat(ids).hasSize(102).startsWith(Toy.CLS).endsWith(Toy.SEP);
                assertThat(labels[0]).isEqualTo(-100);
                assertThat(labels[101]).isEqualTo(-100);
                for (int i = 1; i < 101; i++) {
                    words++;
                    if (labels[i] >= 0) {
                        hidden++;
                        mask += ids[i] == Toy.MASK ? 1 : 0;
                        same += ids[i] == labels[i] ? 1 : 0;
                        other += ids[i] != Toy.MASK && ids[i] != labels[i] ? 1 : 0;
                    } else {
                        assertThat(ids[i]).isGreaterThanOrEqualTo(WORDS);
                    }
                }
            }
        }
        // 80,000 words, 12,000 of them hidden: five standard deviations.
        assertThat(hidden / words).isCloseTo(0.15, within(5 * Math.sqrt(0.15 * 0.85 / 80_000)));
        assertThat(mask / hidden).isCloseTo(0.8 + 0.1 / 1000, within(5 * Math.sqrt(0.8 * 0.2 / 12_000)));
        assertThat(same / hidden).isCloseTo(0.1 + 0.1 / 1000, within(5 * Math.sqrt(0.1 * 0.9 / 12_000)));
        assertThat(other / hidden).isCloseTo(0.1, within(5 * Math.sqrt(0.1 * 0.9 / 12_000)));
    }

    @Test
    void masksAreOthersInEachEpochAndTheSameAgain() {
        Path f = Toy.write(folder.resolve("a.txt"), "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12\n".repeat(4));
        Map<String, Object> data = Map.of("text", f.toString(), "lines", true, "order", "sequential");
        Batches b = DataSource.of(data, "masked", context(4, 32));
        List<String> seen = new ArrayList<>();
        for (int s = 1; s <= 10; s++) {
            seen.add(Arrays.toString(labels(b.batch(s).getFirst())));
        }
        assertThat(seen.stream().distinct().count()).isGreaterThan(7);
        assertThat(Arrays.toString(labels(
                        DataSource.of(data, "masked", context(4, 32)).batch(9).getFirst())))
                .isEqualTo(seen.get(8));
    }

    @Test
    void heldOutMasksAreTheSameInEveryPass() {
        Path f = Toy.write(folder.resolve("a.txt"), "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12\n".repeat(5));
        Map<String, Object> data = Map.of("text", f.toString(), "lines", true, "valid", Map.of("masked", 0.5));
        Batches b = DataSource.valid(data, "masked", context(2, 32)).orElseThrow();
        assertThat(b.stepsPerEpoch()).isEqualTo(3);
        assertThat(b.batch(3)).hasSize(1);
        for (int s = 1; s <= 3; s++) {
            assertThat(labels(b.batch(s + 3).getFirst()))
                    .isEqualTo(labels(b.batch(s).getFirst()));
        }
        assertThat(labels(b.batch(1).getFirst())).isNotEqualTo(labels(b.batch(2).getFirst()));
    }

    @Test
    void wholeWordsAreHiddenTogether() throws java.io.IOException {
        String json = "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":0,\"content\":\"[UNK]\",\"special\":true},"
                + "{\"id\":1,\"content\":\"[MASK]\",\"special\":true}],\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},"
                + "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                + "\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":0,\"[MASK]\":1,\"a\":2,\"##b\":3,\"##c\":4,\"d\":5}}}";
        Toy.write(folder.resolve("tokenizer.json"), json);
        Toy.write(folder.resolve("tokenizer_config.json"), "{\"mask_token\":\"[MASK]\",\"unk_token\":\"[UNK]\"}");
        Tokenizer t = dev.cutaway.text.Tokenizers.load(folder);
        Path f = Toy.write(folder.resolve("a.txt"), "abc d abc d ab\n".repeat(4));
        Batches b = DataSource.of(
                Map.of("text", f.toString(), "lines", true, "whole_words", true, "masked", 0.4),
                "masked",
                Toy.context(Family.ENCODER, t, 4, 32));
        HashMap<String, Integer> seen = new HashMap<>();
        for (int s = 1; s <= 50; s++) {
            for (Example e : b.batch(s)) {
                int[] labels = labels(e); // a ##b ##c d a ##b ##c d a ##b
                assertThat(labels).hasSize(10);
                for (int[] word : new int[][] {{0, 1, 2}, {4, 5, 6}, {8, 9}}) {
                    for (int i : word) {
                        assertThat(labels[i] >= 0).isEqualTo(labels[word[0]] >= 0);
                    }
                }
                seen.merge(Arrays.toString(labels), 1, Integer::sum);
            }
        }
        assertThat(seen.size()).isGreaterThan(20);
    }

    @Test
    void atLeastOneWordIsHiddenAndSpecialOnesNever() {
        Path f = Toy.write(folder.resolve("a.txt"), "w1 w2\nunheard w3\n");
        Batches b = DataSource.of(Map.of("text", f.toString(), "lines", true), "masked", context(2, 32));
        for (int s = 1; s < 200; s++) {
            for (Example e : b.batch(s)) {
                assertThat(e.counted("labels")).isBetween(1, 2);
                assertThat(labels(e)).doesNotContain(Toy.UNKNOWN, Toy.CLS, Toy.SEP);
            }
        }
    }

    @Test
    void pairsOfSentences() {
        StringBuilder text = new StringBuilder();
        for (int d = 0;
                d < 50;
                d++) { // documents of four sentences, sentence s of document d is the word w{4 d + s} three times
            for (int s = 0; s < 4; s++) {
                text.append(("w" + (4 * d + s) + " ").repeat(3).strip()).append('\n');
            }
            text.append('\n');
        }
        Batches b = sentences(text.toString(), 10, 32, "masked", 0.001);
        assertThat(b.size()).isEqualTo(150); // three of four have one that follows
        int follows = 0;
        int seen = 0;
        for (int s = 1; s <= 300; s++) {
            for (Example e : b.batch(s)) {
                int[] ids = input(e, "tokens");
                int[] labels = labels(e);
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = labels[i] >= 0 ? labels[i] : ids[i];
                }
                assertThat(ids).hasSize(9);
                assertThat(new int[] {ids[0], ids[4], ids[8]}).containsExactly(Toy.CLS, Toy.SEP, Toy.SEP);
                assertThat(input(e, "token_type_ids")).containsExactly(0, 0, 0, 0, 0, 1, 1, 1, 1);
                int a = ids[1] - WORDS;
                int other = ids[5] - WORDS;
                int label = Objects.requireNonNull(e.labels().get("next_sentence_label"))[0];
                seen++;
                if (label == 0) {
                    follows++;
                    assertThat(other).isEqualTo(a + 1);
                } else {
                    assertThat(other / 4).isNotEqualTo(a / 4);
                }
                assertThat(a % 4).isLessThan(3);
            }
        }
        assertThat((double) follows / seen).isCloseTo(0.5, within(5 * 0.5 / Math.sqrt(3000)));
    }

    @Test
    void theLongerSentenceIsCutFirst() {
        // Room for 8 - 3 = 5 words. transformers: ids longer than pair: cut ids, else the pair.
        assertThat(SentencePairs.fit(7, 2, 5)).containsExactly(3, 2);
        assertThat(SentencePairs.fit(4, 4, 5)).containsExactly(3, 2);
        assertThat(SentencePairs.fit(2, 9, 5)).containsExactly(2, 3);
        assertThat(SentencePairs.fit(2, 2, 5)).containsExactly(2, 2);
        Batches b = sentences("w1 w1 w1 w1 w1 w1 w1\nw2 w2\n\nw3 w3\nw4\n", 4, 8);
        b.batch(1).forEach(e -> assertThat(input(e, "tokens").length).isLessThanOrEqualTo(8));
    }

    @Test
    void halvesThatAreFilledUp() {
        StringBuilder text = new StringBuilder();
        for (int d = 0; d < 20; d++) {
            for (int s = 0; s < 8; s++) {
                text.append("w")
                        .append(8 * d + s)
                        .append(" w")
                        .append(8 * d + s)
                        .append('\n');
            }
            text.append('\n');
        }
        Batches b = sentences(text.toString(), 20, 19, "fill", true, "masked", 0.001);
        int longest = 0;
        for (int s = 1; s < 40; s++) {
            for (Example e : b.batch(s)) {
                int[] ids = input(e, "tokens");
                longest = Math.max(longest, ids.length);
                assertThat(ids.length).isLessThanOrEqualTo(19);
            }
        }
        assertThat(longest).isEqualTo(19);
    }

    @Test
    void oneDocumentIsNotEnough() {
        assertThatThrownBy(() -> sentences("w1\nw2\n", 1, 32))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("s.txt: holds 1 documents; two at least are needed");
        assertThatThrownBy(() -> sentences("w1\n\nw2\n", 1, 32))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no document has two sentences");
    }
}
