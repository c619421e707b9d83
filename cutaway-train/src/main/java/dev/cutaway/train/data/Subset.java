package dev.cutaway.train.data;

import dev.cutaway.train.Example;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Some of a source's examples.
 *
 * @param chosen their numbers
 */
record Subset(Source all, long[] chosen) implements Source {
    /**
     * A share of each group alike, drawn by the seed: of n examples round(share * n), one at least. A larger share holds all of a
     * smaller one.
     *
     * @param groups the group of each example
     */
    static long[] of(int[] groups, double share, long seed) {
        int most = Arrays.stream(groups).max().orElse(0);
        int[][] members = new int[most + 1][];
        int[] count = new int[most + 1];
        for (int g : groups) {
            count[g]++;
        }
        for (int g = 0; g <= most; g++) {
            members[g] = new int[count[g]];
            count[g] = 0;
        }
        for (int i = 0; i < groups.length; i++) {
            members[groups[i]][count[groups[i]]++] = i;
        }
        boolean[] taken = new boolean[groups.length];
        for (int g = 0; g <= most; g++) {
            int n = members[g].length;
            long wanted = n == 0 ? 0 : Math.max(1, Math.round(share * n));
            Shuffle order = new Shuffle(Math.max(1, n), Shuffle.mix(seed, 3, g));
            for (int k = 0; k < wanted; k++) {
                taken[members[g][(int) order.of(k)]] = true;
            }
        }
        long[] out = new long[groups.length];
        int n = 0;
        for (int i = 0; i < taken.length; i++) {
            if (taken[i]) {
                out[n++] = i;
            }
        }
        return Arrays.copyOf(out, n);
    }

    @Override
    public long size() {
        return chosen.length;
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        return all.example(chosen[(int) i], draws);
    }

    @Override
    public String name() {
        return all.name();
    }

    @Override
    public List<String> complaints() {
        return all.complaints();
    }

    @Override
    public List<String> classes() {
        return all.classes();
    }

    @Override
    public Map<String, Object> preprocessor() {
        return all.preprocessor();
    }

    @Override
    public void close() {
        all.close();
    }
}
