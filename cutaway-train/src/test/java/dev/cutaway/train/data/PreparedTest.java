package dev.cutaway.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.model.Model;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prepared batches: what is read, what is counted, which example comes when; worked out by hand. */
class PreparedTest {
    @TempDir
    private Path folder;

    static Model golden(String name) {
        return Model.open(Path.of(System.getProperty("cutaway.root"), "verification/golden/models", name));
    }

    static int[] ints(Tensor t) {
        int[] x = new int[(int) t.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = t.getInt(i);
        }
        return x;
    }

    static int[] input(Example e, String name) {
        return ints(Objects.requireNonNull(e.inputs().get(name)));
    }

    private static Tensor ints(int columns, int... x) {
        return Tensor.ofInts(x, x.length / columns, columns);
    }

    private Batches open(String model, String objective, int batch, Map<String, Tensor> tensors) {
        return open(model, objective, batch, tensors, Map.of());
    }

    private Batches open(
            String model, String objective, int batch, Map<String, Tensor> tensors, Map<String, Object> more) {
        Path file = folder.resolve("batches.safetensors");
        SafetensorsWriter.write(file, tensors);
        Map<String, Object> data = new HashMap<>(more);
        data.put("batches", file.toString());
        try (Model m = golden(model)) {
            return DataSource.of(data, objective, DataContext.of(m, batch, 8, 5));
        }
    }

    @Test
    void labelsOfTheNextTokenAreShiftedAndPaddingIsCutOff() {
        Batches b = open(
                "gpt2",
                "next-token",
                2,
                Map.of(
                        "input_ids", ints(4, 5, 6, 7, 0, 0, 8, 9, 10),
                        "labels", ints(4, 5, -100, 7, -100, -100, 8, 9, 10),
                        "attention_mask", ints(4, 1, 1, 1, 0, 0, 1, 1, 1)));
        List<Example> step = b.batch(1);
        assertThat(input(step.get(0), "tokens")).containsExactly(5, 6, 7);
        assertThat(input(step.get(0), "position")).containsExactly(0, 1, 2);
        assertThat(step.get(0).labels().get("labels")).containsExactly(-100, 7, -100);
        // Padding on the left moves positions, as transformers counts columns.
        assertThat(input(step.get(1), "tokens")).containsExactly(8, 9, 10);
        assertThat(input(step.get(1), "position")).containsExactly(1, 2, 3);
        assertThat(step.get(1).labels().get("labels")).containsExactly(9, 10, -100);
    }

    @Test
    void withoutLabelsTheTextItselfIsLearnt() {
        Batches b = open(
                "gpt2",
                "next-token",
                1,
                Map.of("input_ids", ints(4, 5, 6, 7, 0), "attention_mask", ints(4, 1, 1, 1, 0)));
        assertThat(b.batch(1).getFirst().labels().get("labels")).containsExactly(6, 7, -100);
    }

    @Test
    void stepsTakeTheirExamplesInOrderAndBeginAgain() {
        Batches b = open("gpt2", "next-token", 2, Map.of("input_ids", ints(2, 1, 1, 2, 2, 3, 3)));
        List<Integer> first = new ArrayList<>();
        for (int s = 1; s <= 4; s++) {
            b.batch(s).forEach(e -> first.add(input(e, "tokens")[0]));
        }
        assertThat(first).containsExactly(1, 2, 3, 1, 2, 3, 1, 2);
        assertThat(b.size()).isEqualTo(3);
        assertThat(b.stepsPerEpoch()).isEqualTo(2);
        assertThat(b.epochs(3)).isEqualTo(2);
    }

    @Test
    void shuffledEpochsHoldEachExampleOnceAndDiffer() {
        int[] x = new int[40];
        for (int i = 0; i < 40; i++) {
            x[i] = i / 2;
        }
        Batches b = open("gpt2", "next-token", 4, Map.of("input_ids", ints(2, x)), Map.of("order", "shuffled"));
        List<List<Integer>> epochs = new ArrayList<>();
        for (int e = 0; e < 3; e++) {
            List<Integer> seen = new ArrayList<>();
            for (int s = 1; s <= 5; s++) {
                b.batch(e * 5 + s).forEach(y -> seen.add(input(y, "tokens")[0]));
            }
            assertThat(seen).doesNotHaveDuplicates().hasSize(20);
            epochs.add(seen);
        }
        assertThat(epochs).doesNotHaveDuplicates();
        assertThat(input(b.batch(7).get(2), "tokens")[0])
                .isEqualTo(epochs.get(1).get(6));
    }

    @Test
    void wordsAndSentencesOfAnEncoder() {
        Batches b = open(
                "bert-pretraining",
                "masked+next-sentence",
                1,
                Map.of(
                        "input_ids", ints(4, 5, 6, 7, 0),
                        "token_type_ids", ints(4, 0, 0, 1, 0),
                        "attention_mask", ints(4, 1, 1, 1, 0),
                        "labels", ints(4, -100, 9, -100, -100),
                        "next_sentence_label", Tensor.ofInts(new int[] {1}, 1)));
        Example e = b.batch(1).getFirst();
        assertThat(input(e, "token_type_ids")).containsExactly(0, 0, 1);
        assertThat(e.labels().get("labels")).containsExactly(-100, 9, -100);
        assertThat(e.labels().get("next_sentence_label")).containsExactly(1);
    }

    @Test
    void targetsAreShiftedRightBehindTheStartToken() {
        Batches b = open(
                "t5",
                "sequence-to-sequence",
                1,
                Map.of("input_ids", ints(3, 5, 6, 1), "labels", ints(5, 8, -100, 9, 1, -100)));
        Example e = b.batch(1).getFirst();
        assertThat(input(e, "source tokens")).containsExactly(5, 6, 1);
        // Start 0, padding 0 in place of what is not counted; what follows the last counted label is never read.
        assertThat(input(e, "tokens")).containsExactly(0, 8, 0, 9);
        assertThat(e.labels().get("labels")).containsExactly(8, -100, 9, 1);
    }

    @Test
    void givenTargetsAreReadAsTheyAre() {
        Batches b = open(
                "t5",
                "sequence-to-sequence",
                1,
                Map.of(
                        "input_ids", ints(3, 5, 6, 1),
                        "decoder_input_ids", ints(3, 0, 4, 4),
                        "labels", ints(3, 8, 9, 1)));
        assertThat(input(b.batch(1).getFirst(), "tokens")).containsExactly(0, 4, 4);
    }

    @Test
    void imagesAndTheirClasses() {
        try (Model m = golden("vit-classes")) {
            long[] shape = {
                2,
                m.config().positive("num_channels", 3),
                m.config().positive("image_size"),
                m.config().positive("image_size")
            };
            Tensor pixels = Tensor.zeros(shape);
            pixels.set(pixels.size() / 2, 3);
            Batches b = open(
                    "vit-classes",
                    "classify",
                    2,
                    Map.of("pixel_values", pixels, "labels", Tensor.ofInts(new int[] {1, 0}, 2)));
            List<Example> step = b.batch(1);
            assertThat(step.get(0).labels().get("labels")).containsExactly(1);
            assertThat(step.get(1).labels().get("labels")).containsExactly(0);
            Tensor patches = Objects.requireNonNull(step.get(1).inputs().get("patches"));
            assertThat(patches.get(patches.dim(1))).isEqualTo(3); // the first pixel of the first patch
        }
    }

    @Test
    void whatCannotBeLearntIsRefusedBeforehand() {
        refused(
                "labels[0, 1] is 99; ids of the model's tokens go from 0 to 96",
                "gpt2",
                "next-token",
                Map.of("input_ids", ints(2, 5, 6), "labels", ints(2, 5, 99)));
        refused("input_ids[1, 0] is -1", "gpt2", "next-token", Map.of("input_ids", ints(2, 5, 6, -1, 6)));
        refused(
                "attention_mask[0, 0] and all after it are 0",
                "gpt2",
                "next-token",
                Map.of("input_ids", ints(2, 5, 6), "attention_mask", ints(2, 0, 0)));
        refused(
                "attention_mask[0, 0] begins a text with holes",
                "gpt2",
                "next-token",
                Map.of("input_ids", ints(3, 5, 6, 7), "attention_mask", ints(3, 1, 0, 1)));
        refused(
                "labels[0, 2] counts, but what predicts it is padding",
                "bert-pretraining",
                "masked",
                Map.of("input_ids", ints(3, 5, 6, 7), "labels", ints(3, 1, 1, 1), "attention_mask", ints(3, 1, 1, 0)));
        refused("tensor input_ids is missing", "gpt2", "next-token", Map.of("labels", ints(2, 5, 6)));
        refused("tensor labels is missing", "bert-pretraining", "masked", Map.of("input_ids", ints(2, 5, 6)));
        refused(
                "labels has 3 columns, input_ids has 2",
                "gpt2",
                "next-token",
                Map.of("input_ids", ints(2, 5, 6), "labels", ints(3, 5, 6, 7)));
        refused(
                "has dtype F32; it must hold whole numbers",
                "gpt2",
                "next-token",
                Map.of("input_ids", Tensor.of(new float[] {1, 2}, 1, 2)));
        refused(
                "holds images",
                "vit-classes",
                "classify",
                Map.of("pixel_values", Tensor.zeros(1, 3, 5, 5), "labels", Tensor.ofInts(new int[] {1}, 1)));
    }

    private void refused(String message, String model, String objective, Map<String, Tensor> tensors) {
        assertThatThrownBy(() -> open(model, objective, 1, tensors))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.resolve("batches.safetensors") + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void aBatchWithoutLabelsThatCountIsRefused() {
        Batches b = open("gpt2", "next-token", 1, Map.of("input_ids", ints(2, 5, 6), "labels", ints(2, 5, -100)));
        assertThatThrownBy(() -> b.batch(1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none of the 1");
    }

    @Test
    void aFileThatVanishesOrShrinksIsNamed() throws IOException {
        Batches b = open("gpt2", "next-token", 1, Map.of("input_ids", ints(2, 5, 6)));
        Files.delete(folder.resolve("batches.safetensors"));
        assertThatThrownBy(() -> b.batch(2))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("batches.safetensors: is gone");
    }

    @Test
    void unknownKeysNameTheNearest() {
        Map<String, Tensor> x = Map.of("input_ids", ints(2, 5, 6));
        assertThatThrownBy(() -> open("gpt2", "next-token", 1, x, Map.of("ordr", "shuffled")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data: ordr is not known here; did you mean order?");
        assertThatThrownBy(() -> open("gpt2", "next-token", 1, x, Map.of("order", "shufled")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("data.order is \"shufled\"; did you mean shuffled?");
        assertThatThrownBy(() -> open("gpt2", "next-tokens", 1, x))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("did you mean next-token?");
        assertThatThrownBy(() -> open("gpt2", "masked", 1, x))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("masked does not fit model_type gpt2, a decoder; train it with next-token");
        try (Model m = golden("gpt2")) {
            DataContext c = DataContext.of(m, 1, 8, 5);
            assertThatThrownBy(() -> DataSource.of(Map.of("batch", "x"), "next-token", c))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("did you mean batches?");
        }
    }

    @Test
    void tensorsThatNothingReadsAreNamed() {
        Batches b = open("gpt2", "next-token", 1, Map.of("input_ids", ints(2, 5, 6), "lables", ints(2, 5, 6)));
        assertThat(b.complaints())
                .singleElement()
                .asString()
                .contains("tensor lables is not used (the nearest that is: labels)");
    }

    @Test
    void heldOutExamplesComeOnceInAPass() {
        Path file = folder.resolve("held.safetensors");
        SafetensorsWriter.write(file, Map.of("input_ids", ints(2, 1, 1, 2, 2, 3, 3)));
        try (Model m = golden("gpt2")) {
            Map<String, Object> data = Map.of(
                    "batches", file.toString(), "order", "shuffled", "valid", Map.of("batches", file.toString()));
            DataContext c = DataContext.of(m, 2, 8, 5);
            Batches b = DataSource.valid(data, "next-token", c).orElseThrow();
            assertThat(b.stepsPerEpoch()).isEqualTo(2);
            assertThat(b.batch(1)).hasSize(2);
            assertThat(b.batch(2)).hasSize(1);
            assertThat(input(b.batch(2).getFirst(), "tokens")).containsExactly(3, 3);
            assertThat(input(b.batch(3).getFirst(), "tokens")).containsExactly(1, 1);
            assertThat(DataSource.of(data, "next-token", c).batch(2)).hasSize(2);
        }
    }
}
