package dev.cutaway.tensor.kernel;

/**
 * Elementary functions in single precision, by the same polynomials and in the same order as the vector kernels, after
 * N. Juffa's published minimax approximations (expf 0.9, tanhf 1.2, erff 1.0 units in the last place).
 */
final class ScalarMath {
    static final float LOG2_E = 1.442695f;
    /** 1.5 * 2^23: adding it rounds to a whole number, which the low bits then hold. */
    static final float ROUND = 12582912f;

    static final int ROUND_BITS = 0x4b400000;
    static final float LN2_HIGH = 6.93145752e-1f;
    static final float LN2_LOW = 1.42860677e-6f;
    static final float EXP_MIN = -104f;
    static final float EXP_MAX = 89f;

    static final float E6 = 1.37805939e-3f;
    static final float E5 = 8.37312452e-3f;
    static final float E4 = 4.16695364e-2f;
    static final float E3 = 1.66664720e-1f;
    static final float E2 = 4.99999851e-1f;

    static final float TANH_SMALL = 0.599609375f;
    static final float T4 = 1.57296831e-2f;
    static final float T3 = -5.23029624e-2f;
    static final float T2 = 1.33152977e-1f;
    static final float T1 = -3.33327681e-1f;

    static final float ERF_SMALL = 0.927734375f;
    static final float S6 = -5.96761703e-4f;
    static final float S5 = 4.99119423e-3f;
    static final float S4 = -2.67681349e-2f;
    static final float S3 = 1.12819925e-1f;
    static final float S2 = -3.76125336e-1f;
    static final float S1 = 1.28379166e-1f;
    static final float L6 = -1.72853470e-5f;
    static final float L5 = 3.83197126e-4f;
    static final float L4 = -3.88396438e-3f;
    static final float L3 = 2.42546219e-2f;
    static final float L2 = -1.06777877e-1f;
    static final float L1 = -6.34846687e-1f;
    static final float L0 = -1.28717512e-1f;

    private ScalarMath() {}

    static float exp(float v) {
        float x = Math.min(Math.max(v, EXP_MIN), EXP_MAX);
        float t = Math.fma(x, LOG2_E, ROUND);
        float n = t - ROUND;
        float f = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
        float r = Math.fma(E6, f, E5);
        r = Math.fma(r, f, E4);
        r = Math.fma(r, f, E3);
        r = Math.fma(r, f, E2);
        r = Math.fma(r, f, 1);
        r = Math.fma(r, f, 1);
        // 2^n in two halves, so that neither leaves the range of floats
        int whole = Float.floatToRawIntBits(t) - ROUND_BITS;
        int half = whole >> 1;
        return r * Float.intBitsToFloat(half + 127 << 23) * Float.intBitsToFloat(whole - half + 127 << 23);
    }

    static float tanh(float x) {
        float a = Math.abs(x);
        if (a >= TANH_SMALL) {
            float r = Math.fma(-2f, 1 / (1 + exp(2 * a)), 1);
            return Math.copySign(r, x);
        }
        float s = x * x;
        float r = Math.fma(T4, s, T3);
        r = Math.fma(r, s, T2);
        r = Math.fma(r, s, T1);
        return Math.fma(r * s, x, x);
    }

    static float erf(float x) {
        float t = Math.abs(x);
        float s = x * x;
        if (t > ERF_SMALL) {
            float r = Math.fma(L6, t, L5);
            r = Math.fma(r, s, Math.fma(L4, t, L3));
            r = Math.fma(r, t, L2);
            r = Math.fma(r, t, L1);
            r = Math.fma(r, t, L0);
            r = Math.fma(r, t, -t);
            return Math.copySign(1 - exp(r), x);
        }
        float r = Math.fma(S6, s, S5);
        r = Math.fma(r, s, S4);
        r = Math.fma(r, s, S3);
        r = Math.fma(r, s, S2);
        r = Math.fma(r, s, S1);
        return Math.fma(r, x, x);
    }

    static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }

    static float activate(Activation function, float x) {
        return switch (function) {
            case IDENTITY -> x;
            case RELU -> Math.max(x, 0);
            case RELU_SQUARED -> Math.max(x, 0) * Math.max(x, 0);
            case GELU_TANH -> gated(x, GELU_1, GELU_3);
            case GELU_ERF -> 0.5f * x * (1 + erf(x * ROOT_HALF));
            case QUICK_GELU -> gated(x, 1.702f, 0);
            case SILU -> gated(x, 1, 0);
            case SIGMOID -> sigmoid(x);
            case TANH -> tanh(x);
        };
    }

    /** 2 * sqrt(2 / pi), and that times 0.044715. */
    static final float GELU_1 = 1.5957691216f;

    static final float GELU_3 = 0.0713548163f;
    static final float ROOT_HALF = 0.70710678f;
    /** Beyond this every sigmoid's exponential has reached its end; squares stay finite. */
    static final float GATE_LIMIT = 120f;

    /** {@code x * sigmoid(x * (c1 + c3 x^2))}: SiLU and both quick forms of GELU. */
    static float gated(float x, float c1, float c3) {
        float t = Math.min(Math.max(x, -GATE_LIMIT), GATE_LIMIT);
        float u = t * Math.fma(c3, t * t, c1);
        return x / (1 + exp(-u));
    }
}
