package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Layer norm: {@code (x - mean(x)) / sqrt(var(x) + eps) * gain + bias}. Source: Ba, Kiros and Hinton, arXiv 1607.06450.
 * Inputs: rows {@code [..., width]}, gain {@code [width]}, and a bias {@code [width]} if the model has one.
 *
 * @param eps added to the variance
 */
public record LayerNorm(double eps) implements Composite {
    @Override
    public String constants() {
        return "eps " + Numbers.plain(eps);
    }

    @Override
    public List<Type> types(List<Type> in) {
        return NormTypes.check(in);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value x = in.get(0);
        Value centred = g.add(Binary.SUBTRACT, x, g.add(Reduce.meanOfLast(), x));
        Value variance = g.add(Reduce.meanOfLast(), g.add(Unary.SQUARE, centred));
        Value scale = g.name("hook_scale", g.add(Unary.SQRT, g.add(Constant.plus(eps), variance)));
        Value normalized = g.name("hook_normalized", g.add(Binary.DIVIDE, centred, scale));
        Value y = g.add(Binary.MULTIPLY, normalized, in.get(1));
        return List.of(in.size() > 2 ? g.add(Binary.ADD, y, in.get(2)) : y);
    }
}
