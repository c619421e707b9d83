package dev.cutaway.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

/** Computed permutations. */
class ShuffleTest {
    @Test
    void everyNumberComesOnce() {
        for (int n : new int[] {1, 2, 3, 4, 5, 16, 17, 255, 1000, 65_537}) {
            Shuffle s = new Shuffle(n, n * 31L);
            BitSet seen = new BitSet();
            for (int i = 0; i < n; i++) {
                long x = s.of(i);
                assertThat(x).isBetween(0L, n - 1L);
                seen.set((int) x);
            }
            assertThat(seen.cardinality()).as("n = %d", n).isEqualTo(n);
        }
    }

    /** Each number lands everywhere equally often over seeds: a chi-square of 99 degrees of freedom. */
    @Test
    void everyPlaceIsEquallyLikely() {
        for (int n : new int[] {5, 10}) {
            long[][] count = new long[n][n];
            int seeds = 20_000;
            for (int seed = 0; seed < seeds; seed++) {
                Shuffle s = new Shuffle(n, Shuffle.mix(seed, 1, 0));
                for (int i = 0; i < n; i++) {
                    count[i][(int) s.of(i)]++;
                }
            }
            double expected = (double) seeds / n;
            double chi = 0;
            for (long[] row : count) {
                for (long c : row) {
                    chi += (c - expected) * (c - expected) / expected;
                }
            }
            double freedom = (n - 1.0) * (n - 1.0);
            assertThat(chi)
                    .as("n = %d", n)
                    .isBetween(freedom - 5 * Math.sqrt(2 * freedom), freedom + 5 * Math.sqrt(2 * freedom));
        }
    }

    @Test
    void manyBillionsNeedNoMemory() {
        Shuffle s = new Shuffle(3_000_000_000_000L, 7);
        assertThat(s.of(0)).isBetween(0L, 2_999_999_999_999L).isNotEqualTo(s.of(1));
    }
}
