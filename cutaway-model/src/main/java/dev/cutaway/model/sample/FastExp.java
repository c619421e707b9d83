package dev.cutaway.model.sample;

/**
 * The exponential in float, to about one unit in the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]
 * (Cephes' expf). A softmax over a vocabulary calls it a hundred thousand times for a token, where
 * {@code Math.exp} would take milliseconds.
 */
final class FastExp {
    private static final float LOG2_E = 1.442695041f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
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
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1;
        return p * Float.intBitsToFloat(((int) n + 127) << 23);
    }
}
