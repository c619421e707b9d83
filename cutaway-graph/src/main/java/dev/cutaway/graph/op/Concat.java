package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Tensors put side by side along the last axis. */
public record Concat() implements Primitive {
    @Override
    public List<Type> types(List<Type> in) {
        List<Dim> dims = new ArrayList<>(in.getFirst().dims());
        int n = in.stream().mapToInt(t -> t.size(-1)).sum();
        dims.set(dims.size() - 1, Dim.of(in.getFirst().dim(-1).label(), n));
        return List.of(Type.real(dims));
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        long[] shape = node.out().getFirst().shape(binding);
        int n = (int) shape[shape.length - 1];
        float[] y = new float[Math.toIntExact(Dense.size(shape))];
        int at = 0;
        for (Tensor t : in) {
            float[] x = t.toFloats();
            int w = (int) t.dim(t.rank() - 1);
            for (int i = 0, o = at; i < x.length; i += w, o += n) {
                System.arraycopy(x, i, y, o, w);
            }
            at += w;
        }
        return List.of(Tensor.of(y, shape));
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        long[] at = index.clone();
        int last = at.length - 1;
        for (int i = 0; i < in.size(); i++) {
            long w = in.get(i).dim(last);
            if (at[last] < w) {
                return Derivation.move(i, at);
            }
            at[last] -= w;
        }
        throw new IllegalArgumentException("index " + Arrays.toString(index) + " is outside");
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dy) -> {
            List<Optional<Value>> parts = new ArrayList<>();
            int at = 0;
            for (Value x : n.in()) {
                int w = x.type().size(-1);
                parts.add(Optional.of(g.add(new Slice(at, at + w), dy.getFirst())));
                at += w;
            }
            return parts;
        };
    }
}
