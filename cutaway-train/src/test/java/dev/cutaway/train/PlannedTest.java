package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Laws of planned gradients; that they are PyTorch's another test says. */
class PlannedTest {
    static Model model(String name) {
        return Model.open(Path.of(System.getProperty("cutaway.root"), "verification/golden/models/" + name));
    }

    private static List<Example> batch(int n) {
        SplittableRandom r = new SplittableRandom(4);
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            out.add(Example.nextToken(r.ints(8 + i % 37, 3, 97).toArray()));
        }
        return out;
    }

    private static List<float[]> gradients(Model m, int threads, List<Example> batch) {
        try (Pool pool = new Pool(threads);
                Planned p = new Planned(
                        Objective.crossEntropy(m.graph(), "logits", 0.1),
                        RandomWeights.of(m.graph(), 1),
                        pool,
                        false)) {
            List<float[]> all = new ArrayList<>();
            for (Tensor t : p.of(batch).gradients().values()) {
                all.add(t.toFloats());
            }
            return all;
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        for (String name : List.of("gpt2", "llama")) {
            try (Model m = model(name)) {
                List<float[]> one = gradients(m, 1, batch(40));
                List<float[]> three = gradients(m, 3, batch(40));
                assertThat(one).hasSameSizeAs(three).isNotEmpty();
                for (int i = 0; i < one.size(); i++) {
                    assertThat(three.get(i)).as("%s, gradient %s", name, i).isEqualTo(one.get(i));
                }
            }
        }
    }

    @Test
    void aBatchMayGrowAndShrink() {
        try (Model m = model("gpt2");
                Pool pool = new Pool(2)) {
            Objective o = Objective.crossEntropy(m.graph(), "logits", 0);
            Trained w = RandomWeights.of(m.graph(), 1);
            Backward reference = new Backward(o, w);
            try (Planned p = new Planned(o, w, pool, false)) {
                for (int n : new int[] {1, 12, 2}) {
                    assertThat(p.of(batch(n)).loss())
                            .isCloseTo(reference.of(batch(n)).loss(), org.assertj.core.api.Assertions.within(1e-5));
                }
            }
        }
    }

    /** If every class in turn is the label of all rows, each row is right once. */
    @Test
    void eachRowHasOneLikeliestClass() {
        try (Model m = model("gpt2");
                Pool pool = new Pool(2)) {
            Objective o = Objective.crossEntropy(m.graph(), "logits", 0);
            Trained w = RandomWeights.of(m.graph(), 1);
            Backward reference = new Backward(o, w);
            int[] ids = {5, 9, 14, 3, 8};
            int sum = 0;
            try (Planned p = new Planned(o, w, pool, false)) {
                for (int c = 0; c < m.sizes().vocabulary(); c++) {
                    int[] labels = new int[ids.length];
                    Arrays.fill(labels, c);
                    List<Example> batch = List.of(Example.tokens(ids, labels));
                    Differentiation.Measured got = p.measure(batch, new int[] {ids.length});
                    assertThat(got.right())
                            .isEqualTo(reference
                                    .measure(batch, new int[] {ids.length})
                                    .right());
                    sum += got.right().values().iterator().next();
                }
            }
            assertThat(sum).isEqualTo(ids.length);
        }
    }

    @Test
    void computingBlocksAgainChangesNothingButMemory() {
        for (String name : List.of("gpt2", "t5", "bert-masked-word")) {
            try (Model m = model(name);
                    Pool pool = new Pool(2)) {
                Objective o = Objective.crossEntropy(m.graph(), "logits", 0);
                Trained w = RandomWeights.of(m.graph(), 1);
                int[] ids = {5, 9, 14, 3, 8};
                List<Example> batch = name.equals("gpt2")
                        ? batch(3)
                        : name.equals("t5")
                                ? List.of(Example.pair(ids, ids, ids))
                                : List.of(Example.encoder(ids, new int[5], new int[] {0, 1, 2, 3, 4}, ids));
                try (Planned kept = new Planned(o, w, pool, false);
                        Planned again = new Planned(o, w, pool, true)) {
                    var a = kept.of(batch);
                    var b = again.of(batch);
                    assertThat(b.loss()).isEqualTo(a.loss());
                    a.gradients()
                            .forEach((p, t) -> assertThat(java.util.Objects.requireNonNull(
                                                    b.gradients().get(p))
                                            .toFloats())
                                    .as("%s %s", name, p.source())
                                    .isEqualTo(t.toFloats()));
                    assertThat(again.rowFloats()).as(name).isLessThan(kept.rowFloats());
                }
            }
        }
    }

    @Test
    void frozenWeightsGetNoGradient() {
        try (Model m = model("gpt2");
                Pool pool = new Pool(1)) {
            Objective o = Objective.of(
                    m.graph(),
                    List.of(new Objective.Part("logits", Objective.LABELS, 0)),
                    p -> p.source().name().contains("c_fc"));
            Trained w = RandomWeights.of(m.graph(), 1);
            try (Planned p = new Planned(o, w, pool, false)) {
                var got = p.of(batch(3)).gradients();
                var want = new Backward(o, w).of(batch(3)).gradients();
                assertThat(got.keySet()).isEqualTo(want.keySet()).isNotEmpty();
                assertThat(got.keySet()).allMatch(q -> q.source().name().contains("c_fc"));
                got.forEach((q, t) -> {
                    float[] a = t.toFloats();
                    float[] b = java.util.Objects.requireNonNull(want.get(q)).toFloats();
                    for (int i = 0; i < a.length; i++) {
                        assertThat(a[i]).isCloseTo(b[i], org.assertj.core.api.Assertions.within(1e-5f));
                    }
                });
            }
        }
    }

    /** A pupil with a head for the labels and one for the teacher. */
    @Test
    void whatATeacherSaysIsPlannedToo() {
        SplittableRandom r = new SplittableRandom(8);
        try (Model m = model("deit-teacher");
                Pool pool = new Pool(2)) {
            List<Example> batch = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                float[] pixels = new float[3 * 20 * 20];
                for (int k = 0; k < pixels.length; k++) {
                    pixels[k] = (float) r.nextGaussian();
                }
                float[] logits = {(float) r.nextGaussian(), i == 3 ? Float.NaN : 1, (float) r.nextGaussian()};
                batch.add(Example.image(m.patches(Tensor.of(pixels, 3, 20, 20)), i % 3)
                        .with("choice", (i + 1) % 3)
                        .withNumbers("teacher", logits)
                        .withNumbers("numbers", logits));
            }
            Objective.Part labels = new Objective.Part("cls_logits", Objective.LABELS, 0.1).times(0.3);
            List<List<Objective.Part>> all = List.of(
                    List.of(labels, new Objective.Part("distillation_logits", "choice", 0).times(0.7)),
                    List.of(labels, Objective.Part.teacher("distillation_logits", "teacher", 0.7, 3)),
                    List.of(Objective.Part.teacher("logits", "teacher", 0.7, 0.5)),
                    List.of(labels, Objective.Part.numbers("distillation_logits", "numbers", 2)),
                    List.of(
                            new Objective.Part("logits", Objective.LABELS, 0),
                            Objective.Part.teacher("logits", "teacher", 0.7, 3)));
            Trained w = Trained.copyOf(m.graph(), m::weight);
            for (List<Objective.Part> parts : all) {
                Objective o = Objective.of(m.graph(), parts, p -> true);
                try (Planned p = new Planned(o, w, pool, false)) {
                    var want = new Backward(o, w).of(batch);
                    for (int again = 0; again < 2; again++) {
                        var got = p.of(batch);
                        assertThat(got.loss()).isCloseTo(want.loss(), org.assertj.core.api.Assertions.within(1e-5));
                        assertThat(got.gradients().keySet())
                                .isEqualTo(want.gradients().keySet());
                        got.gradients().forEach((q, t) -> {
                            float[] a = t.toFloats();
                            float[] b = java.util.Objects.requireNonNull(
                                            want.gradients().get(q))
                                    .toFloats();
                            for (int i = 0; i < a.length; i++) {
                                assertThat(a[i])
                                        .as("%s %s", parts, q.source())
                                        .isCloseTo(b[i], org.assertj.core.api.Assertions.within(1e-5f));
                            }
                        });
                    }
                    assertThat(p.measure(batch, Backward.counted(o, batch)).loss())
                            .isCloseTo(want.loss(), org.assertj.core.api.Assertions.within(1e-5));
                }
            }
        }
    }
}
