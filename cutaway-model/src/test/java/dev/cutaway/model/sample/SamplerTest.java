package dev.cutaway.model.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final float[] FOUR = {0f, (float) Math.log(2), (float) Math.log(3), (float) Math.log(4)};

    private static float[] random(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) {
            logits[i] = (float) (random.nextGaussian() * 3);
        }
        return logits;
    }

    @Test
    void temperatureZeroIsArgmaxWithTheLowestIdAmongEquals() {
        Sampler sampler = new Sampler(SamplingOptions.GREEDY, 5);
        assertThat(sampler.next(new float[] {1, 3, 2, 3, 3})).isEqualTo(1);
        assertThat(sampler.logprob())
                .isCloseTo(Math.log(Math.exp(3) / (3 * Math.exp(3) + Math.exp(1) + Math.exp(2))), within(1e-6));
        assertThat(sampler.cuts()).containsExactly(new Cut("temperature", 5, 1));
        assertThat(sampler.next(new float[] {-1, Float.NEGATIVE_INFINITY, -0.5f, -2, -3}))
                .isEqualTo(2);
    }

    @Test
    void drawsFollowTheDistribution() {
        SamplingOptions plain = SamplingOptions.DEFAULT.withTemperature(1).withTopP(1);
        for (long seed : new long[] {1, 2, 42}) {
            Sampler sampler = new Sampler(plain.withSeed(seed), 4);
            int[] counts = new int[4];
            int n = 100_000;
            for (int i = 0; i < n; i++) {
                counts[sampler.next(FOUR)]++;
            }
            double chi = 0;
            for (int i = 0; i < 4; i++) {
                double expected = n * (i + 1) / 10.0;
                chi += (counts[i] - expected) * (counts[i] - expected) / expected;
            }
            // 3 degrees of freedom: 21.1 is exceeded once in ten thousand times.
            assertThat(chi).as("seed %d: %s", seed, Arrays.toString(counts)).isLessThan(21.1);
        }
    }

    @Test
    void drawsAfterCutsFollowWhatIsLeft() {
        Sampler sampler = new Sampler(
                SamplingOptions.DEFAULT.withTemperature(1).withTopP(0.65).withSeed(7), 4);
        int[] counts = new int[4];
        for (int i = 0; i < 70_000; i++) {
            counts[sampler.next(FOUR)]++;
        }
        assertThat(counts[0] + counts[1]).isZero();
        assertThat(counts[3] / 70_000.0).isCloseTo(4 / 7.0, within(0.01));
    }

    @Test
    void sameSeedSameTokens() {
        SamplingOptions options = SamplingOptions.DEFAULT.withSeed(1234);
        Sampler a = new Sampler(options, 500);
        Sampler b = new Sampler(options, 500);
        Sampler c = new Sampler(options.withSeed(1235), 500);
        int differing = 0;
        for (int i = 0; i < 200; i++) {
            float[] logits = random(500, i);
            int token = a.next(logits);
            assertThat(b.next(logits)).isEqualTo(token);
            differing += c.next(logits) == token ? 0 : 1;
        }
        assertThat(differing).isPositive();
    }

    @Test
    void drawsAreTheSameOnEveryMachine() {
        Draws draws = new Draws(1);
        assertThat(IntStream.range(0, 3).mapToObj(i -> (long) (draws.next() * 0x1p53)))
                .containsExactly(FIRST_DRAWS);
    }

    /** SplitMix64 by another program. */
    private static final Long[] FIRST_DRAWS = {6753131800803418L, 3354221761027669L, 3947710474051195L};

    @Test
    void aForkGoesOnAsTheOriginal() {
        SamplingOptions options = new SamplingOptions(0.9, 50, 0.9, 0, 1, 1.2, 0.5, 0.2, Map.of(3, 1.5), 99);
        Sampler original = new Sampler(options, 300);
        for (int i = 0; i < 50; i++) {
            original.next(random(300, i));
        }
        Sampler fork = original.fork();
        for (int i = 50; i < 100; i++) {
            assertThat(fork.next(random(300, i))).isEqualTo(original.next(random(300, i)));
        }
    }

    @Test
    void penaltiesCountWhatTheyShould() {
        float[] logits = {2, -2, 1, 0};
        Sampler sampler = new Sampler(List.of(new Stage.RepeatPenalty(2)), 1, 4);
        sampler.prompt(0);
        sampler.prompt(1);
        sampler.prompt(1);
        // 2 / 2 and -2 * 2
        assertProbabilities(sampler.distribution(logits), Math.exp(1), Math.exp(-4), Math.exp(1), 1);

        Sampler counted = new Sampler(List.of(new Stage.CountPenalty(0.5, 0.25)), 1, 4);
        counted.prompt(0);
        counted.answer(2);
        counted.answer(2);
        assertProbabilities(counted.distribution(logits), Math.exp(2), Math.exp(-2), Math.exp(1 - 0.5 - 0.5), 1);
        counted.clear();
        assertProbabilities(counted.distribution(logits), Math.exp(2), Math.exp(-2), Math.exp(1), 1);

        Sampler biased = new Sampler(List.of(new Stage.LogitBias(new TreeMap<>(Map.of(3, 2.0)))), 1, 4);
        assertProbabilities(biased.distribution(logits), Math.exp(2), Math.exp(-2), Math.exp(1), Math.exp(2));
    }

    private static void assertProbabilities(Distribution distribution, double... weights) {
        double sum = Arrays.stream(weights).sum();
        for (int i = 0; i < distribution.ids().length; i++) {
            assertThat((double) distribution.probabilities()[i])
                    .isCloseTo(weights[distribution.ids()[i]] / sum, within(1e-6));
        }
    }

    @Test
    void everyStageSaysWhatItLeft() {
        SamplingOptions options = new SamplingOptions(0.8, 3, 0.9, 0.5, 1, 1.1, 0, 0.1, Map.of(1, 0.0), 1);
        Sampler sampler = new Sampler(options, 4);
        sampler.next(FOUR);
        assertThat(sampler.cuts().stream().map(Cut::stage))
                .containsExactly(
                        "logit-bias", "repeat-penalty", "frequency-penalty", "temperature", "top-k", "top-p", "min-p");
        assertThat(sampler.cuts().get(4)).isEqualTo(new Cut("top-k", 4, 3));
        assertThat(sampler.cuts().get(4).removed()).isEqualTo(1);
        assertThat(sampler.kept()).isEqualTo(sampler.cuts().getLast().after());
    }

    @Test
    void topKKeepsWhatEqualsItsLast() {
        Sampler sampler = new Sampler(List.of(new Stage.TopK(2)), 1, 5);
        assertThat(sampler.distribution(new float[] {1, 5, 3, 3, 3}).ids()).containsExactly(1, 2, 3, 4);
    }

    /** Against a full sort, over sizes around the selection's own limits and over many equal scores. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 23, 24, 25, 26, 49, 100, 1000, 5003})
    void selectionEqualsAFullSort(int n) {
        for (int round = 0; round < 20; round++) {
            float[] logits = random(n, n * 31L + round);
            if (round % 2 == 1) {
                for (int i = 0; i < n; i++) {
                    logits[i] = Math.round(logits[i]);
                }
            }
            for (double p : new double[] {1e-9, 0.1, 0.5, 0.9, 0.999}) {
                Distribution ours = new Sampler(List.of(new Stage.TopP(p)), 1, n).distribution(logits);
                assertThat(ours.ids()).as("n %d round %d p %s", n, round, p).containsExactly(sorted(logits, p));
            }
            for (int k : new int[] {1, Math.min(2, n), n / 2 + 1, n}) {
                float[] copy = logits.clone();
                Arrays.sort(copy);
                Distribution ours = new Sampler(List.of(new Stage.TopK(k)), 1, n).distribution(logits);
                int expected = 0;
                for (float logit : logits) {
                    expected += logit >= copy[n - k] ? 1 : 0;
                }
                assertThat(ours.ids()).hasSize(expected);
            }
        }
    }

    private static int[] sorted(float[] logits, double p) {
        int[] order = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -logits[i]).thenComparing(i -> i))
                .mapToInt(Integer::intValue)
                .toArray();
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[order[0]]);
        }
        double reached = 0;
        int kept = 0;
        while (kept < order.length && reached < p) {
            reached += Math.exp(logits[order[kept++]] - logits[order[0]]) / sum;
        }
        return Arrays.copyOf(order, kept);
    }

    @Test
    void tinyTemperaturesDoNotOverflow() {
        Sampler sampler = new Sampler(SamplingOptions.DEFAULT.withTemperature(1e-30), 4);
        assertThat(sampler.next(FOUR)).isEqualTo(3);
        Sampler hot = new Sampler(SamplingOptions.DEFAULT.withTemperature(1e6).withTopP(1), 4);
        assertThat(hot.distribution(FOUR).probabilities()[0]).isCloseTo(0.25f, within(1e-4f));
    }

    @Test
    void damagedLogitsAreRefused() {
        for (SamplingOptions options : List.of(SamplingOptions.GREEDY, SamplingOptions.DEFAULT)) {
            Sampler sampler = new Sampler(options, 3);
            float low = Float.NEGATIVE_INFINITY;
            for (float[] logits : new float[][] {{1, Float.NaN, 2}, {1, Float.POSITIVE_INFINITY, 2}, {low, low, low}}) {
                assertThatThrownBy(() -> sampler.next(logits)).isInstanceOf(BadInputException.class);
            }
            assertThat(sampler.next(new float[] {low, 0, low})).isEqualTo(1);
        }
    }

    @Test
    void wrongOptionsNameThemselves() {
        SamplingOptions ok = SamplingOptions.DEFAULT;
        assertThatThrownBy(() -> ok.withTemperature(-1))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("temperature is -1.0");
        assertThatThrownBy(() -> ok.withTemperature(Double.NaN)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> ok.withTopP(0))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("top-p");
        assertThatThrownBy(() -> ok.withTopP(1.1)).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> ok.withTopK(-1))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("top-k");
        assertThatThrownBy(() -> ok.withMinP(2))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("min-p");
        assertThatThrownBy(() -> new SamplingOptions(1, 0, 1, 0, 1, 1, 0, 0, Map.of(-4, 1.0), 0))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("logit-bias is -4");
        Sampler sampler = new Sampler(new SamplingOptions(1, 0, 1, 0, 1, 1, 0, 0, Map.of(9, 1.0), 0), 3);
        assertThatThrownBy(() -> sampler.next(new float[3]))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("id 9");
        assertThatThrownBy(() -> sampler.next(new float[4])).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> sampler.prompt(3)).isInstanceOf(UsageException.class);
    }

    @Test
    void theExponentialIsExactToAUnit() {
        for (float x = -86; x <= 20; x += 0.137f) {
            double exact = Math.exp(x);
            assertThat(Math.abs(FastExp.exp(x) - exact) / exact).isLessThan(2.5e-7);
        }
        assertThat(FastExp.exp(0)).isEqualTo(1);
        assertThat(FastExp.exp(-200)).isZero();
        assertThat(FastExp.exp(Float.NEGATIVE_INFINITY)).isZero();
    }
}
