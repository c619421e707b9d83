package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
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
}
