package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Elements {@code from} to {@code to} of the last axis. */
public record Slice(int from, int to) implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        Type t = in.getFirst();
        if (from < 0 || to <= from || to > t.size(-1)) {
            throw new IllegalArgumentException("has no elements " + from + " to " + to + " on its last axis");
        }
        List<Dim> dims = new ArrayList<>(t.dims());
        dims.set(dims.size() - 1, Dim.of(t.dim(-1).label(), to - from));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        Tensor t = in.getFirst();
        int n = (int) t.dim(t.rank() - 1);
        int w = to - from;
        float[] x = t.toFloats();
        float[] y = new float[x.length / n * w];
        for (int i = 0, o = 0; o < y.length; i += n, o += w) {
            System.arraycopy(x, i + from, y, o, w);
        }
        return List.of(Tensor.of(y, node.out().getFirst().shape(binding)));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long[] at = index.clone();
        at[at.length - 1] += from;
        return Derivation.move(0, at);
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> {
            List<Dim> dims = n.in().getFirst().type().dims();
            int last = dims.size() - 1;
            int width = n.in().getFirst().type().size(-1);
            List<Value> parts = new ArrayList<>(List.of(dy));
            if (from > 0) {
                parts.addFirst(zeros(g, dims.subList(0, last), from));
            }
            if (to < width) {
                parts.add(zeros(g, dims.subList(0, last), width - to));
            }
            return parts.size() == 1 ? dy : g.add(new Concat(), parts.toArray(Value[]::new));
        });
    }

    private static Value zeros(GraphBuilder g, List<Dim> outer, int width) {
        List<Dim> dims = new ArrayList<>(outer);
        dims.add(Dim.of("width", width));
        return g.add(new Filled(0, dims));
    }
}
