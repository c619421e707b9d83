package dev.cutaway.tensor.kernel;

/** Functions of one number that feed-forward layers apply to each element. */
public enum Activation {
    /** {@code x}. */
    IDENTITY,
    /** {@code max(x, 0)}. */
    RELU,
    /** {@code max(x, 0)} squared. */
    RELU_SQUARED,
    /** {@code x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))}: GELU's tanh approximation, computed as
     * {@code x * sigmoid(2u)}, which is the same function. */
    GELU_TANH,
    /** {@code x / 2 * (1 + erf(x / sqrt(2)))}: GELU itself. */
    GELU_ERF,
    /** {@code x * sigmoid(1.702 x)}. */
    QUICK_GELU,
    /** {@code x * sigmoid(x)}, also called swish. */
    SILU,
    /** {@code 1 / (1 + exp(-x))}. */
    SIGMOID,
    /** Hyperbolic tangent. */
    TANH
}
