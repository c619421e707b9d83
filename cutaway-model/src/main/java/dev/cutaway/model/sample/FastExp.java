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

    /** e to the power of {@code x}, for {@code x} up to 88; 0 where the result would be below the smallest normal. */
    static float exp(float x) {
        if (!(x > -87f)) {
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
