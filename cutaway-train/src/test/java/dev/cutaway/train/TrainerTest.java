package dev.cutaway.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.graph.Graph;
import dev.cutaway.model.Model;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Training by the definition, on the graph of a tiny GPT-2. */
class TrainerTest {
    private static Model gpt2() {
        return Model.open(Path.of(System.getProperty("cutaway.root"), "verification/golden/models/gpt2"));
    }

    private static List<Example> batch() {
        SplittableRandom r = new SplittableRandom(4);
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            out.add(Example.nextToken(r.ints(8 + i, 3, 97).toArray()));
        }
        return out;
    }

    private static Trainer trainer(Graph graph, long seed) {
        Objective objective = Objective.crossEntropy(graph, "logits", 0);
        Trained weights = RandomWeights.of(graph, seed);
        return new Trainer(
                new Backward(objective, weights),
                weights,
                Optimizer.AdamW.defaults(),
                Schedule.constant(),
                1e-2,
                1,
                Trainer.MATRICES);
    }

    private static List<Double> losses(Graph graph, long seed, int steps) {
        Trainer t = trainer(graph, seed);
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            losses.add(t.step(batch()).loss());
        }
        return losses;
    }

    @Test
    void aTinyBatchIsLearntByHeart() {
        try (Model m = gpt2()) {
            List<Double> losses = losses(m.graph(), 1, 100);
            assertThat(losses.getFirst()).isCloseTo(Math.log(m.sizes().vocabulary()), within(0.3));
            assertThat(losses.getLast()).as("%s", losses).isLessThan(0.05);
        }
    }

    @Test
    void theSameSeedGivesTheSameLossesBitByBit() {
        try (Model m = gpt2()) {
            List<Double> losses = losses(m.graph(), 7, 5);
            assertThat(losses(m.graph(), 7, 5)).isEqualTo(losses);
            assertThat(losses(m.graph(), 8, 5)).isNotEqualTo(losses);
        }
    }

    @Test
    void aBatchInPiecesHasTheSameGradient() {
        try (Model m = gpt2()) {
            Objective objective = Objective.crossEntropy(m.graph(), "logits", 0);
            Backward b = new Backward(objective, RandomWeights.of(m.graph(), 1));
            Differentiation.Result whole = b.of(batch());
            double loss = 0;
            for (Example e : batch()) {
                Differentiation.Result part = b.of(List.of(e));
                loss += part.loss() * part.counted() / whole.counted();
            }
            assertThat(loss).isCloseTo(whole.loss(), within(1e-6));
            assertThat(whole.counted()).isEqualTo(7 + 8 + 9);
        }
    }

    @Test
    void whatIsNotFiniteStopsBeforeTheWeightsChange() {
        try (Model m = gpt2()) {
            Trained weights = RandomWeights.of(m.graph(), 1);
            Trainer t = new Trainer(
                    new Backward(Objective.crossEntropy(m.graph(), "logits", 0), weights),
                    weights,
                    new Optimizer.Sgd(0, 0),
                    Schedule.constant(),
                    1,
                    0,
                    Trainer.MATRICES);
            Tensor first = weights.weight(weights.parameters().iterator().next());
            t.step(batch());
            first.set(3 * first.dim(1), Float.NaN);
            float other = first.get(0);
            List<Example> reads = List.of(Example.nextToken(new int[] {3, 4, 5}));
            assertThatThrownBy(() -> t.step(reads))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("step 2");
            assertThat(first.get(0)).isEqualTo(other);
        }
    }

    @Test
    void nothingCountedIsSaid() {
        try (Model m = gpt2()) {
            Trainer t = trainer(m.graph(), 1);
            List<Example> none = List.of(Example.nextToken(new int[] {3}));
            assertThatThrownBy(() -> t.step(none)).hasMessageContaining("no row");
        }
    }

    /** Numbers of transformers' schedules, 10 steps, 2 of warm-up. */
    @Test
    void schedulesAreThoseOfTransformers() {
        assertThat(multipliers(new Schedule(Schedule.Shape.LINEAR, 10, 2, 0, 0)))
                .containsExactly(LINEAR, within(1e-12));
        assertThat(multipliers(new Schedule(Schedule.Shape.COSINE, 10, 2, 0, 0)))
                .containsExactly(COSINE, within(1e-12));
        assertThat(multipliers(new Schedule(Schedule.Shape.COSINE, 10, 2, 0, 0.1)))
                .containsExactly(COSINE_TENTH, within(1e-12));
        assertThat(multipliers(new Schedule(Schedule.Shape.WSD, 10, 2, 4, 0.1))).containsExactly(WSD, within(1e-12));
        assertThat(multipliers(new Schedule(Schedule.Shape.CONSTANT, 10, 2, 0, 0)))
                .containsExactly(CONSTANT, within(1e-12));
    }

    private static final double[] LINEAR = {0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0};

    private static final double[] COSINE = {
        0.0,
        0.5,
        1.0,
        0.9619397662556434,
        0.8535533905932737,
        0.6913417161825449,
        0.5,
        0.30865828381745514,
        0.14644660940672627,
        0.03806023374435663,
        0.0
    };

    private static final double[] COSINE_TENTH = {
        0.0,
        0.5,
        1.0,
        0.9657457896300791,
        0.8681980515339464,
        0.7222075445642904,
        0.55,
        0.3777924554357096,
        0.23180194846605365,
        0.13425421036992097,
        0.1
    };

    private static final double[] WSD = {
        0.1, 0.55, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8681980515339464, 0.55, 0.23180194846605365, 0.1
    };

    private static final double[] CONSTANT = {0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};

    private static double[] multipliers(Schedule s) {
        double[] m = new double[11];
        for (int i = 0; i < m.length; i++) {
            m[i] = s.multiplier(i + 1);
        }
        return m;
    }

    @Test
    void impossibleConstantsAreNamed() {
        assertThatThrownBy(() -> new Optimizer.AdamW(1, 0.999, 1e-8, 0))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("optimizer.betas[0] is 1.0");
        assertThatThrownBy(() -> new Optimizer.Sgd(-1, 0)).hasMessageContaining("momentum");
        assertThatThrownBy(() -> new Schedule(Schedule.Shape.LINEAR, 0, 0, 0, 0))
                .hasMessageContaining("0 steps");
    }
}
