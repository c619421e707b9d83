package dev.cutaway.graph.op;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.List;

/**
 * Attention by a small network instead of a dot product: {@code score(q, k) = v tanh(q + k)}. Source: Bahdanau, Cho and Bengio, arXiv
 * 1409.0473. One head, every key seen. Inputs: queries {@code [row, 1, size]} and keys {@code [key, 1, size]}, both projected, values
 * {@code [key, 1, width]}, the weight v {@code [1, size]}. Output: mixed values {@code [row, 1, width]}.
 */
public record AdditiveAttention() implements Composite {
    @Override
    public List<Type> types(List<Type> in) {
        Type q = in.get(0);
        Type k = in.get(1);
        Type v = in.get(2);
        Type w = in.get(3);
        boolean fits = q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && w.rank() == 2;
        if (!fits
                || q.size(1) != 1
                || k.size(1) != 1
                || v.size(1) != 1
                || q.size(2) != w.size(1)
                || k.size(2) != w.size(1)
                || w.size(0) != 1) {
            throw new IllegalArgumentException(
                    "takes one head of queries, keys, values, and a weight as long as a key");
        }
        return List.of(Type.real(q.dim(0), q.dim(1), v.dim(2)));
    }

    @Override
    public List<Value> expand(GraphBuilder g, List<Value> in) {
        Type k = in.get(1).type();
        Type v = in.get(2).type();
        Value keys = g.add(Reshape.to(k.dim(0), k.dim(2)), in.get(1)); // [key, size]
        Value values = g.add(Reshape.to(v.dim(0), v.dim(2)), in.get(2)); // [key, width]
        Value hidden = g.add(Unary.TANH, g.add(Binary.ADD, in.get(0), keys)); // [row, key, size]
        Value scores = g.name(
                "hook_attn_scores",
                g.add(
                        new Ein(
                                "rsa,ha->hrs",
                                "component",
                                "weight times tanh(query + key)",
                                "\\sum_{a} v_{a}\\,t_{a}"),
                        hidden,
                        in.get(3)));
        Value pattern = g.name("hook_pattern", g.add(new Softmax(), scores));
        return List.of(g.name(
                "hook_z",
                g.add(
                        new Ein("hrs,sd->rhd", "key", "attention weight times value", "\\sum_{k} p_{k}\\,v_{k}"),
                        pattern,
                        values)));
    }
}
