package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DropoutsTest {
    private static final int[] IDS = {5, 9, 14, 3, 8, 2, 7};

    private static List<Example> batch(String name, int n) {
        return Dropouts.seeded(
                java.util.stream.IntStream.range(0, n)
                        .mapToObj(i -> example(name))
                        .toList(),
                5,
                3);
    }

    private static Example example(String name) {
        return switch (name) {
            case "t5" -> Example.pair(IDS, IDS, IDS);
            case "bert-masked-word" -> Example.encoder(IDS, new int[7], new int[] {0, 1, 2, 3, 4, 5, 6}, IDS);
            default -> Example.nextToken(IDS);
        };
    }

    private static void same(Map<Parameter, Tensor> got, Map<Parameter, Tensor> want) {
        assertThat(got.keySet()).isEqualTo(want.keySet());
        got.forEach((p, t) -> {
            float[] a = t.toFloats();
            float[] b = Objects.requireNonNull(want.get(p)).toFloats();
            for (int i = 0; i < a.length; i++) {
                assertThat(a[i]).as("%s", p.source()).isCloseTo(b[i], within(2e-5f));
            }
        });
    }

    @Test
    void plansDropWhatTheDefinitionDrops() {
        for (String name : List.of("gpt2", "llama", "t5", "bert-masked-word")) {
            try (Model m = PlannedTest.model(name);
                    Pool pool = new Pool(2)) {
                Graph g = Dropouts.in(m.graph(), 0.3);
                Objective o = Objective.crossEntropy(g, "logits", 0);
                Trained w = RandomWeights.of(g, 1);
                Differentiation.Result want = new Backward(o, w).of(batch(name, 3));
                for (boolean recompute : new boolean[] {false, true}) {
                    try (Planned p = new Planned(o, w, pool, recompute)) {
                        Differentiation.Result got = p.of(batch(name, 3));
                        assertThat(got.loss()).as(name).isCloseTo(want.loss(), within(1e-5));
                        same(got.gradients(), want.gradients());
                        same(p.of(batch(name, 3), 3).gradients(), want.gradients());
                    }
                }
                Differentiation.Result whole = new Backward(
                                Objective.crossEntropy(m.graph(), "logits", 0), RandomWeights.of(m.graph(), 1))
                        .of(batch(name, 3));
                assertThat(whole.loss()).as("without dropout").isNotCloseTo(want.loss(), within(1e-5));
            }
        }
    }

    @Test
    void nothingIsDroppedWhereNoSeedIsGiven() {
        try (Model m = PlannedTest.model("gpt2");
                Pool pool = new Pool(1)) {
            Graph g = Dropouts.in(m.graph(), 0.3);
            Trained w = RandomWeights.of(g, 1);
            Objective plain = Objective.crossEntropy(m.graph(), "logits", 0);
            double want = new Backward(plain, RandomWeights.of(m.graph(), 1))
                    .of(List.of(example("gpt2")))
                    .loss();
            try (Planned p = new Planned(Objective.crossEntropy(g, "logits", 0), w, pool, false)) {
                assertThat(p.measure(List.of(example("gpt2")), new int[] {6}).loss())
                        .isCloseTo(want, within(1e-6));
            }
        }
    }

    @Test
    void asManyAreDroppedAsTheRateSaysAndTheMeanStays() {
        Dropout d = new Dropout(0.3, 2);
        int n = 200_000;
        for (int seed : new int[] {0, 1, 77, Integer.MAX_VALUE}) {
            int key = d.key(seed);
            int kept = 0;
            int pairs = 0;
            for (int i = 0; i < n; i++) {
                int here = Dropout.kept(key, i, d.threshold()) & 1;
                kept += here;
                pairs += here & Dropout.kept(key, i + 1, d.threshold());
            }
            // Five standard deviations.
            assertThat(kept / (double) n).isCloseTo(0.7, within(0.0052));
            assertThat(pairs / (double) n).as("neighbours are independent").isCloseTo(0.49, within(0.0075));
            assertThat(kept * d.gain() / n).isCloseTo(1, within(0.0075f));
        }
    }

    @Test
    void seedsDifferByExampleStepAndRun() {
        List<Example> a = batch("gpt2", 2);
        List<Example> b = Dropouts.seeded(a, 5, 4);
        List<Example> c = Dropouts.seeded(a, 6, 3);
        List<Integer> seeds = java.util.stream.Stream.of(a, b, c)
                .flatMap(List::stream)
                .map(e -> Objects.requireNonNull(e.inputs().get(Dropout.SEED)).getInt(0))
                .toList();
        assertThat(seeds).doesNotHaveDuplicates().allMatch(s -> s >= 0);
        Example again = Dropouts.seeded(a, 5, 3).getFirst();
        assertThat(Objects.requireNonNull(again.inputs().get(Dropout.SEED)).getInt(0))
                .isEqualTo(seeds.getFirst());
    }
}
