package dev.cutaway.model.sample;

/**
 * The exponential in float, to about one unit in the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]
 * (Cephes' expf). A softmax over a vocabulary calls it a hundred thousand times for a token, where
 * {@code Math.exp} would take milliseconds.
 */
final class FastExp {
    private static final float LOG2_E = (float) 1.442695041;
    private static final float LN2_HIGH = (float) 0.693359375;
    private static final float LN2_LOW = (float) -2.12194440e-4;
    /** Adding and taking it away rounds to an integer. */
    private static final float ROUND = 0x1.8p23f;

    private FastExp() {}

    /** {@code out[i] = exp(in[i] - shift)} for the first {@code n}. */
    static void exp(float[] in, float shift, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = exp(in[i] - shift);
        }
    }

    /** The highest value; NaN where one is. A comparison that seldom holds is faster here than Math.max. */
    static float max(float[] values, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            float value = values[i];
            if (!(value <= max)) {
                if (Float.isNaN(value)) {
                    return value;
                }
                max = value;
            }
        }
        return max;
    }

    /** Sums in double, in four parts that do not wait for each other. */
    static double sum(float[] values, int n) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        for (; i < n; i++) {
            a += values[i];
        }
        return (a + b) + (c + d);
    }

    /** e to the power of {@code x}, for {@code x} up to 88; 0 where the result would be below the smallest normal. */
    static float exp(float x) {
        if (!(x > -87)) {
            return 0;
        }
        float n = (x * LOG2_E + ROUND) - ROUND;
        float r = (x - n * LN2_HIGH) - n * LN2_LOW;
        float p = (float) 1.9875691500e-4;
        p = p * r + (float) 1.3981999507e-3;
        p = p * r + (float) 8.3334519073e-3;
        p = p * r + (float) 4.1665795894e-2;
        p = p * r + (float) 1.6666665459e-1;
        p = p * r + (float) 5.0000001201e-1;
        p = p * r * r + r + 1;
        return p * Float.intBitsToFloat(((int) n + 127) << 23);
    }
}
