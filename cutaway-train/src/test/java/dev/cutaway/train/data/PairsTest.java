package dev.cutaway.train.data;

import static dev.cutaway.train.data.Toy.CLS;
import static dev.cutaway.train.data.Toy.END;
import static dev.cutaway.train.data.Toy.SEP;
import static dev.cutaway.train.data.Toy.WORDS;
import static dev.cutaway.train.data.Toy.input;
import static dev.cutaway.train.data.Toy.labels;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.model.Family;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sources with targets, and texts with classes or numbers. */
class PairsTest {
    @TempDir
    private Path folder;

    private static Map<String, Object> map(Object... entries) {
        Map<String, Object> all = new HashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            all.put((String) entries[i], entries[i + 1]);
        }
        return all;
    }

    private String file(String name, String text) {
        return Toy.write(folder.resolve(name), text).toString();
    }

    private Batches pairs(int batch, Map<String, Object> data) {
        DataContext c =
                Toy.context(Family.ENCODER_DECODER, Toy.words(folder, 50), batch, 16, map("decoder_start_token_id", 0));
        return DataSource.of(data, "sequence-to-sequence", c);
    }

    private Batches classes(Map<String, Object> data, int context, Object... config) {
        return DataSource.of(
                data, "classify", Toy.context(Family.ENCODER, Toy.words(folder, 50), 2, context, map(config)));
    }

    @Test
    void aSourceAndItsTargetShiftedRight() {
        String f = file("p.tsv", "w1 w2\tw3\textra\nw4\tw5 w6\n");
        Example e = pairs(1, map("pairs", f, "order", "sequential")).batch(2).getFirst();
        // The toy's tokenizer puts [CLS] and [SEP] around; the end token follows.
        assertThat(input(e, "source tokens")).containsExactly(CLS, WORDS + 4, SEP, END);
        assertThat(labels(e)).containsExactly(CLS, WORDS + 5, WORDS + 6, SEP, END);
        assertThat(input(e, "tokens")).containsExactly(0, CLS, WORDS + 5, WORDS + 6, SEP);
    }

    @Test
    void fieldsPrefixAndLimits() {
        String f = file("p.jsonl", "{\"en\": \"w1 w2 w3\", \"de\": \"w4 w5 w6\"}\n{\"en\": \"w1\", \"de\": \"w4\"}\n");
        Map<String, Object> data = map(
                "pairs",
                f,
                "source",
                "en",
                "target",
                "de",
                "prefix",
                "w9 ",
                "max_source",
                5,
                "max_target",
                4,
                "order",
                "sequential");
        Batches cut = pairs(1, data);
        assertThat(input(cut.batch(1).getFirst(), "source tokens"))
                .containsExactly(CLS, WORDS + 9, WORDS + 1, WORDS + 2, END);
        assertThat(labels(cut.batch(1).getFirst())).containsExactly(CLS, WORDS + 4, WORDS + 5, END);
        assertThat(cut.complaints()).containsExactly("1 pairs longer than data.max_source or data.max_target, cut");
        data.put("too_long", "skip");
        Batches skipped = pairs(1, data);
        assertThat(skipped.size()).isEqualTo(1);
        assertThat(skipped.complaints())
                .containsExactly("1 pairs longer than data.max_source or data.max_target, left out");
    }

    @Test
    void batchesAreOfLikeLengthAndHoldAllOnce() {
        SplittableRandom r = new SplittableRandom(1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 120; i++) {
            text.append("w" + i % 50 + " w" + i / 50 + "\t"
                    + "w1 ".repeat(1 + r.nextInt(10)).strip() + "\n");
        }
        String f = file("p.tsv", text.toString());
        Batches b = pairs(4, map("pairs", f, "pool", 10));
        Batches plain = pairs(4, map("pairs", f, "pool", 1));
        for (int epoch = 0; epoch < 2; epoch++) {
            HashSet<String> seen = new HashSet<>();
            List<Integer> lengths = new ArrayList<>();
            for (int s = 1; s <= 30; s++) {
                for (Example e : b.batch(epoch * 30 + s)) {
                    seen.add(java.util.Arrays.toString(input(e, "source tokens")));
                }
                lengths.add(labels(b.batch(epoch * 30 + s).getFirst()).length);
            }
            assertThat(seen).hasSize(120);
            assertThat(lengths)
                    .as("not shortest first")
                    .isNotEqualTo(lengths.stream().sorted().toList());
        }
        assertThat(spread(b)).isLessThan(spread(plain) / 3);
        List<Example> again = pairs(4, map("pairs", f, "pool", 10)).batch(47);
        assertThat(input(again.get(2), "source tokens"))
                .isEqualTo(input(b.batch(47).get(2), "source tokens"));
    }

    private static double spread(Batches b) {
        double sum = 0;
        for (int s = 1; s <= 30; s++) {
            var lengths = b.batch(s).stream().mapToInt(e -> labels(e).length).summaryStatistics();
            sum += lengths.getMax() - lengths.getMin();
        }
        return sum / 30;
    }

    @Test
    void rowsThatAreNoPairsAreNamed() {
        String f = file("p.tsv", "w1\tw2\nw3\n\tw4\n\nw5\tw6\n");
        Batches b = pairs(1, map("pairs", f));
        assertThat(b.size()).isEqualTo(2);
        assertThat(b.complaints())
                .containsExactly(
                        f + ", line 2: has 1 columns, column 2 is wanted; left out",
                        f + ", line 3: has an empty source; left out");
        assertThatThrownBy(() -> pairs(1, map("pairs", f, "target", "de")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("p.tsv: has no column de; give its number");
        String none = file("none.tsv", "w1\nw2\n");
        assertThatThrownBy(() -> pairs(1, map("pairs", none)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none.tsv: holds no pair (" + none + ", line 1: has 1 columns");
    }

    @Test
    void textsWithClasses() {
        String f = file("l.tsv", "sour\tw1 w2\nsweet\tw3\nsour\tw4\nbitter\tw5\n");
        assertThat(DataSource.classes(map("labelled", f))).containsExactly("bitter", "sour", "sweet");
        Batches b = classes(map("labelled", f, "order", "sequential"), 16, "num_labels", 3);
        assertThat(b.classes()).containsExactly("bitter", "sour", "sweet");
        Example e = b.batch(1).get(0);
        assertThat(input(e, "tokens")).containsExactly(CLS, WORDS + 1, WORDS + 2, SEP);
        assertThat(labels(e)).containsExactly(1);
        assertThat(labels(b.batch(1).get(1))).containsExactly(2);
        assertThat(labels(b.batch(2).get(1))).containsExactly(0);
    }

    @Test
    void theModelsOwnClassesDecide() {
        String f = file("l.tsv", "sour\tw1\nsweet\tw3\nsalty\tw4\n");
        Batches b = classes(
                map("labelled", f, "order", "sequential"),
                16,
                "id2label",
                Map.of("0", "sweet", "1", "sour"),
                "label2id",
                Map.of("sweet", 0, "sour", 1));
        assertThat(labels(b.batch(1).getFirst())).containsExactly(1);
        assertThat(b.complaints())
                .containsExactly(f + ", line 3: has the class \"salty\", which the model does not know; left out");
        assertThatThrownBy(() -> classes(map("labelled", f), 16, "num_labels", 2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "num_labels is 2, the data has 3 classes (salty, sour, sweet); set num_labels to 3");
    }

    @Test
    void pairsOfTextsAreCutTheLongerFirst() {
        String f = file("l.csv", "kind,one,two\nyes,\"w1 w1 \"\"w1\"\" w1\",w2 w2\nno,w3,\"w4\nw5\"\n");
        Map<String, Object> data = map(
                "labelled", f, "header", true, "label", "kind", "text", "one", "pair", "two", "order", "sequential");
        Batches b = classes(data, 7, "num_labels", 2);
        Example e = b.batch(1).get(0);
        assertThat(input(e, "tokens")).containsExactly(CLS, WORDS + 1, WORDS + 1, SEP, WORDS + 2, WORDS + 2, SEP);
        assertThat(input(e, "token_type_ids")).containsExactly(0, 0, 0, 0, 1, 1, 1);
        assertThat(labels(e)).containsExactly(1);
        assertThat(input(b.batch(1).get(1), "tokens")).containsExactly(CLS, WORDS + 3, SEP, WORDS + 4, WORDS + 5, SEP);
        assertThat(b.complaints()).containsExactly("1 texts longer than the context of 7 tokens, cut");
    }

    @Test
    void numbersToBePredicted() {
        String f = file("l.tsv", "2.5\tw1\nmuch\tw2\n-1e3\tw3\n");
        Batches b = classes(map("labelled", f, "order", "sequential"), 16, "num_labels", 1);
        assertThat(b.size()).isEqualTo(2);
        assertThat(b.batch(1).get(0).targets().get("labels")).containsExactly(2.5f);
        assertThat(b.batch(1).get(1).targets().get("labels")).containsExactly(-1000f);
        assertThat(b.batch(1).get(1).labels()).isEmpty();
        assertThat(b.complaints())
                .containsExactly(f + ", line 2: has \"much\", not a number to be predicted; left out");
    }

    @Test
    void aShareOfEachClassAlike() {
        int[] groups = new int[1000];
        for (int i = 0; i < 1000; i++) {
            groups[i] = i < 900 ? 0 : i < 995 ? 1 : 3;
        }
        long[] tenth = Subset.of(groups, 0.1, 5);
        int[] count = new int[4];
        for (long i : tenth) {
            count[groups[(int) i]]++;
        }
        assertThat(count).containsExactly(90, 10, 0, 1); // 9.5 is rounded up, of five one half
        assertThat(Subset.of(groups, 1, 5)).hasSize(1000);
        HashSet<Long> half = new HashSet<>();
        for (long i : Subset.of(groups, 0.5, 5)) {
            half.add(i);
        }
        for (long i : tenth) {
            assertThat(half).contains(i);
        }
        assertThat(Subset.of(groups, 0.1, 6)).isNotEqualTo(tenth);
        double mean = java.util.Arrays.stream(Subset.of(new int[100_000], 0.1, 9))
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(49_999.5, within(5 * 28_868 / Math.sqrt(10_000)));
    }
}
