package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;
import java.util.Locale;

/**
 * What an elementwise function does to a gradient on the way back: {@code dy * f'(x)}. Inputs: x and dy, same shape. A composite, so that
 * a plan may run it by one kernel; its expansion says the slope in primitives.
 */
public record Slope(Unary of) implements Composite {
    private static final double ROOT = Math.sqrt(2 / Math.PI);
    private static final double CUBE = 0.044715;

    @Override
    public String constants() {
        return of.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean recomputes() {
        return true;
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(in.getFirst());
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value x = in.get(0);
        Value dy = in.get(1);
        return List.of(
                switch (of) {
                    case STEP -> throw new IllegalArgumentException("a step has no slope");
                    case SQUARE -> times(g, dy, scaled(g, x, 2));
                    case SQRT -> g.add(Binary.DIVIDE, dy, scaled(g, g.add(Unary.SQRT, x), 2));
                    case TANH -> times(g, dy, oneMinus(g, g.add(Unary.SQUARE, g.add(Unary.TANH, x))));
                    case RELU -> times(g, dy, g.add(Unary.STEP, x));
                    case EXP -> times(g, dy, g.add(Unary.EXP, x));
                    case SIGMOID -> {
                        Value s = g.add(Unary.SIGMOID, x);
                        yield times(g, dy, times(g, s, oneMinus(g, s)));
                    }
                    case SILU -> times(g, dy, swish(g, x, g.add(Unary.SIGMOID, x)));
                    case QUICK_GELU -> {
                        Value z = scaled(g, x, 1.702);
                        yield times(g, dy, swish(g, z, g.add(Unary.SIGMOID, z)));
                    }
                    case NORMAL_SHARE -> times(g, dy, bell(g, x));
                    case GELU -> times(g, dy, plus(g, g.add(Unary.NORMAL_SHARE, x), times(g, x, bell(g, x))));
                    case GELU_TANH -> times(g, dy, geluTanh(g, x));
                });
    }

    /** {@code s (1 + z (1 - s))}, the slope of {@code z s(z)}. */
    private static Value swish(GraphBuilder g, Value z, Value s) {
        return times(g, s, g.add(Constant.plus(1), times(g, z, oneMinus(g, s))));
    }

    /** The density of the normal distribution. */
    private static Value bell(GraphBuilder g, Value x) {
        return scaled(g, g.add(Unary.EXP, scaled(g, g.add(Unary.SQUARE, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    }

    private static Value geluTanh(GraphBuilder g, Value x) {
        Value square = g.add(Unary.SQUARE, x);
        Value inner = times(g, x, g.add(new Constant(ROOT * CUBE, ROOT), square));
        Value t = g.add(Unary.TANH, inner);
        Value steep = g.add(new Constant(1.5 * ROOT * CUBE, 0.5 * ROOT), square); // half of the inner slope
        Value bend = times(g, times(g, x, oneMinus(g, g.add(Unary.SQUARE, t))), steep);
        return plus(g, g.add(new Constant(0.5, 0.5), t), bend);
    }

    private static Value times(GraphBuilder g, Value a, Value b) {
        return g.add(Binary.MULTIPLY, a, b);
    }

    private static Value plus(GraphBuilder g, Value a, Value b) {
        return g.add(Binary.ADD, a, b);
    }

    private static Value scaled(GraphBuilder g, Value a, double by) {
        return g.add(Constant.scale(by), a);
    }

    private static Value oneMinus(GraphBuilder g, Value a) {
        return g.add(new Constant(-1, 1), a);
    }
}
