package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/** A function of each element. Evaluated in double precision and rounded once. */
@SuppressWarnings("ImmutableEnumChecker") // the functions are pure
public enum Unary implements Primitive {
    SQUARE("the square of x", "x^2", x -> x * x),
    SQRT("the square root of x", "\\sqrt{x}", Math::sqrt),
    TANH("the hyperbolic tangent of x", "\\tanh x", Math::tanh),
    RELU("x where positive, else 0", "\\max(0, x)", x -> Math.max(0, x)),
    STEP("1 where x is positive, else 0", "[x > 0]", x -> x > 0 ? 1 : 0),
    EXP("e to the power of x", "e^x", Math::exp),
    SIGMOID("the logistic function of x", "\\frac{1}{1 + e^{-x}}", Unary::sigmoid),
    SILU("x times the logistic function of x", "\\frac{x}{1 + e^{-x}}", x -> x * sigmoid(x)),
    QUICK_GELU("x times the logistic function of 1.702 x", "\\frac{x}{1 + e^{-1.702 x}}", x -> x * sigmoid(1.702 * x)),
    NORMAL_SHARE(
            "the share of a normal distribution below x",
            "\\frac{1}{2}\\left(1 + \\operatorname{erf}\\frac{x}{\\sqrt{2}}\\right)",
            x -> 0.5 * (1 + Erf.of(x / Math.sqrt(2)))),
    GELU(
            "x times the share of a normal distribution below x",
            "\\frac{x}{2}\\left(1 + \\operatorname{erf}\\frac{x}{\\sqrt{2}}\\right)",
            x -> 0.5 * x * (1 + Erf.of(x / Math.sqrt(2)))),
    GELU_TANH(
            "x times the share of a normal distribution below x, by its approximation with a tanh",
            "\\frac{x}{2}\\left(1 + \\tanh\\left(\\sqrt{2/\\pi}\\,(x + 0.044715\\,x^3)\\right)\\right)",
            x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))));

    private final String words;
    private final String latex;
    private final DoubleUnaryOperator f;

    Unary(String words, String latex, DoubleUnaryOperator f) {
        this.words = words;
        this.latex = latex;
        this.f = f;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** The function itself. */
    public double of(double x) {
        return f.applyAsDouble(x);
    }

    /** The kernel that plans run for it; empty if they have none. */
    @SuppressWarnings("exports") // for the plans of this module
    public Optional<Activation> activation() {
        return switch (this) {
            case RELU -> Optional.of(Activation.RELU);
            case SILU -> Optional.of(Activation.SILU);
            case GELU -> Optional.of(Activation.GELU_ERF);
            case GELU_TANH -> Optional.of(Activation.GELU_TANH);
            case QUICK_GELU -> Optional.of(Activation.QUICK_GELU);
            case SIGMOID -> Optional.of(Activation.SIGMOID);
            case TANH -> Optional.of(Activation.TANH);
            case SQUARE, SQRT, STEP, EXP, NORMAL_SHARE -> Optional.empty();
        };
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        return List.of(Dense.map(in.getFirst(), x -> (float) f.applyAsDouble(x)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return Derivation.function(
                words, latex, List.of(Derivation.Term.of("x", 0, index)), v -> f.applyAsDouble(v[0]));
    }

    @Override
    public GradientRule gradient() {
        return this == STEP
                ? GradientRule.NONE
                : GradientRule.ofFirst((g, n, dy) -> g.add(new Slope(this), n.in().getFirst(), dy));
    }
}
