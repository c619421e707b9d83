package dev.cutaway.tensor;

/**
 * The searches that choose a group's scale (and minimum) when quantising to the super-block formats, at the quality of
 * ggml's reference: a small set of candidate scales is tried, each is refitted by weighted least squares to the codes it
 * leads to, and the best is kept. Larger values weigh more, because they matter more in a product.
 *
 * <p>Sums are kept in float and in ggml's order, so that the same choices come out.
 */
final class KSearch {
    /** Magnitudes below this count as zero. */
    static final float TINY = 1e-15f;

    private KSearch() {}

    /** Rounds to the nearest whole number, ties to even. */
    static int nearest(float v) {
        return (int) Math.rint(v);
    }

    /**
     * For codes 0 to 2^bits - 1 and {@code value = scale * code - minimum}, minimum at least 0. Writes the codes and
     * {@code scales[g]}; returns the minimum.
     */
    static float scaleAndMinimum(int bits, float[] in, int from, int[] codes, int to, int n, float[] scales, int g) {
        float[] x = java.util.Arrays.copyOfRange(in, from, from + n);
        float[] weight = weights(bits, x);
        float min = x[0];
        float max = x[0];
        float sumW = weight[0];
        float sumX = sumW * x[0];
        for (int i = 1; i < n; i++) {
            min = Math.min(min, x[i]);
            max = Math.max(max, x[i]);
            sumW += weight[i];
            sumX += weight[i] * x[i];
        }
        min = Math.min(min, 0);
        if (max == min) {
            scales[g] = 0;
            return -min;
        }
        int top = (1 << bits) - 1;
        MinimumFit fit = new MinimumFit(x, weight, sumW, sumX, top, bits == 2);
        fit.start(min, top / (max - min));
        int steps = bits == 4 ? 20 : 15;
        float first = bits == 4 ? -1 : -0.5f;
        for (int step = 0; step <= steps; step++) {
            fit.attempt((first + 0.1f * step + top) / (max - fit.min));
        }
        System.arraycopy(fit.codes, 0, codes, to, n);
        scales[g] = fit.scale;
        return -fit.min;
    }

    private static float[] weights(int bits, float[] x) {
        float base = 0;
        if (bits > 2) {
            for (float v : x) {
                base += v * v;
            }
            base = (float) Math.sqrt(base / x.length);
        }
        float[] weight = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            weight[i] = base + Math.abs(x[i]);
        }
        return weight;
    }

    /** The state of {@link #scaleAndMinimum}: the best codes, scale and (negative) minimum so far. */
    private static final class MinimumFit {
        private final float[] x;
        private final float[] weight;
        private final float sumW;
        private final float sumX;
        private final int top;
        private final boolean absolute; // error |d| instead of d squared
        private int[] codes;
        private int[] tried;
        private float scale;
        private float min;
        private float error;

        MinimumFit(float[] x, float[] weight, float sumW, float sumX, int top, boolean absolute) {
            this.x = x;
            this.weight = weight;
            this.sumW = sumW;
            this.sumX = sumX;
            this.top = top;
            this.absolute = absolute;
            codes = new int[x.length];
            tried = new int[x.length];
        }

        void start(float lowest, float inverse) {
            min = lowest;
            scale = 1 / inverse;
            for (int i = 0; i < x.length; i++) {
                codes[i] = code(x[i], lowest, inverse);
            }
            error = error(codes, scale, min);
        }

        private int code(float v, float lowest, float inverse) {
            return Math.clamp(nearest(inverse * (v - lowest)), 0, top);
        }

        private float error(int[] at, float s, float m) {
            float sum = 0;
            for (int i = 0; i < x.length; i++) {
                float diff = s * at[i] + m - x[i];
                sum += weight[i] * (absolute ? Math.abs(diff) : diff * diff);
            }
            return sum;
        }

        /** Codes for this inverse scale, the least-squares scale and minimum for those codes, kept if better. */
        void attempt(float inverse) {
            float sumL = 0;
            float sumL2 = 0;
            float sumXL = 0;
            for (int i = 0; i < x.length; i++) {
                int l = code(x[i], min, inverse);
                tried[i] = l;
                sumL += weight[i] * l;
                sumL2 += weight[i] * l * l;
                sumXL += weight[i] * l * x[i];
            }
            float determinant = sumW * sumL2 - sumL * sumL;
            if (!(determinant > 0)) {
                return;
            }
            float s = (sumW * sumXL - sumX * sumL) / determinant;
            float m = (sumL2 * sumX - sumL * sumXL) / determinant;
            if (m > 0) {
                m = 0;
                s = sumXL / sumL2;
            }
            float e = error(tried, s, m);
            if (e < error) {
                int[] better = tried;
                tried = codes;
                codes = better;
                error = e;
                scale = s;
                min = m;
            }
        }
    }

    /** For signed codes -centre to centre - 1 and {@code value = scale * code}: nineteen candidate scales. */
    static float signedScale(int centre, float[] in, int from, int[] codes, int to, int n) {
        float extreme = extreme(in, from, n);
        if (Math.abs(extreme) < TINY) {
            java.util.Arrays.fill(codes, to, to + n, -centre);
            return 0;
        }
        float scale = 0;
        float best = 0;
        boolean first = true;
        for (int round = 0; round < 19; round++) {
            int step = round == 0 ? 0 : round <= 9 ? round - 10 : round - 9;
            float inverse = -(centre + 0.1f * step) / extreme;
            float cross = 0;
            float square = 0;
            for (int i = 0; i < n; i++) {
                float x = in[from + i];
                int l = Math.clamp(nearest(inverse * x), -centre, centre - 1);
                float w = x * x;
                cross += w * x * l;
                square += w * l * l;
            }
            if (first || (square > 0 && cross * cross > best * square)) {
                for (int i = 0; i < n; i++) {
                    codes[to + i] = Math.clamp(nearest(inverse * in[from + i]), -centre, centre - 1);
                }
                scale = square != 0 ? cross / square : 0;
                best = scale * cross;
            }
            first = false;
        }
        return scale;
    }

    /** For signed codes: starts from the extreme's scale and improves one code at a time, up to five rounds. */
    static float refinedScale(int centre, float[] in, int from, int[] codes, int to, int n) {
        float extreme = extreme(in, from, n);
        if (Math.abs(extreme) < TINY) {
            java.util.Arrays.fill(codes, to, to + n, -centre);
            return 0;
        }
        float inverse = -centre / extreme;
        float cross = 0;
        float square = 0;
        for (int i = 0; i < n; i++) {
            float x = in[from + i];
            int l = Math.clamp(nearest(inverse * x), -centre, centre - 1);
            codes[to + i] = l;
            float w = x * x;
            cross += w * x * l;
            square += w * l * l;
        }
        for (int round = 0; round < 5; round++) {
            boolean changed = false;
            for (int i = 0; i < n; i++) {
                float x = in[from + i];
                int old = codes[to + i];
                float w = x * x;
                float crossRest = cross - w * x * old;
                if (!(crossRest > 0)) {
                    continue;
                }
                float squareRest = square - w * old * old;
                int l = Math.clamp(nearest(x * squareRest / crossRest), -centre, centre - 1);
                crossRest += w * x * l;
                squareRest += w * l * l;
                if (l != old && squareRest > 0 && crossRest * crossRest * square > cross * cross * squareRest) {
                    codes[to + i] = l;
                    cross = crossRest;
                    square = squareRest;
                    changed = true;
                }
            }
            if (!changed) {
                break;
            }
        }
        return square > 0 ? cross / square : 0;
    }

    private static float extreme(float[] in, int from, int n) {
        float extreme = 0;
        for (int i = from; i < from + n; i++) {
            extreme = Math.abs(in[i]) > Math.abs(extreme) ? in[i] : extreme;
        }
        return extreme;
    }
}
