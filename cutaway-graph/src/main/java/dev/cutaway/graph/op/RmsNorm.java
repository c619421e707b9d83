package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Root mean square norm: {@code x / sqrt(mean(x^2) + eps) * gain}. Source: Zhang and Sennrich, arXiv 1910.07467. Inputs: rows
 * {@code [..., width]}, gain {@code [width]}.
 *
 * @param eps added under the root
 * @param gainOffset added to the gain (Gemma keeps gains around 0: 1)
 */
public record RmsNorm(double eps, double gainOffset) implements Composite {
    @Override
    public String constants() {
        return "eps " + Numbers.plain(eps) + (gainOffset == 0 ? "" : ", gain plus " + Numbers.plain(gainOffset));
    }

    @Override
    public List<Type> types(List<Type> in) {
        return NormTypes.check(in);
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Value x = in.get(0);
        Value mean = g.add(Reduce.meanOfLast(), g.add(Unary.SQUARE, x));
        Value scale = g.name("hook_scale", g.add(Unary.SQRT, g.add(Constant.plus(eps), mean)));
        Value normalized = g.name("hook_normalized", g.add(Binary.DIVIDE, x, scale));
        Value gain = gainOffset == 0 ? in.get(1) : g.add(Constant.plus(gainOffset), in.get(1));
        return List.of(g.add(Binary.MULTIPLY, normalized, gain));
    }
}
