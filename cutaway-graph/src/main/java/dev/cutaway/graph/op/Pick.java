package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Type;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows by constant number: {@code y[i] = x[numbers[i]]}, 0 where there is none. Windows, merged patches and neighbourhoods of an image are
 * made so. Input {@code [from..., ...]}, output {@code [to..., ...]}.
 *
 * @param how which rows
 * @param from the input's leading axes, over which rows are numbered
 * @param to the output's leading axes
 */
public record Pick(Picking how, List<Dim> from, List<Dim> to) implements Primitive {
    public Pick {
        from = List.copyOf(from);
        to = List.copyOf(to);
    }

    @Override
    public String constants() {
        return how.words();
    }

    @Override
    public List<Type> types(List<Type> in) {
        return List.of(exchanged(in.getFirst(), from, to));
    }

    /** The type with other leading axes. */
    static Type exchanged(Type x, List<Dim> from, List<Dim> to) {
        boolean fits = !x.integer() && x.rank() >= from.size();
        for (int i = 0; fits && i < from.size(); i++) {
            fits = from.get(i).same(x.dim(i));
        }
        if (!fits) {
            throw new IllegalArgumentException("does not begin with the axes " + Type.real(from));
        }
        List<Dim> dims = new ArrayList<>(to);
        dims.addAll(x.dims().subList(from.size(), x.rank()));
        return Type.real(dims);
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        float[] x = in.getFirst().toFloats();
        long[] shape = node.out().getFirst().shape(binding);
        int[] numbers = how.numbers();
        int places = count(shape, to.size());
        int rows = count(in.getFirst().shape(), from.size());
        if (places != numbers.length) {
            throw new IllegalArgumentException(how.words() + ": " + numbers.length + " places, not " + places);
        }
        float[] y = new float[Math.toIntExact(Dense.size(shape))];
        int w = y.length / places;
        for (int i = 0; i < places; i++) {
            if (numbers[i] >= rows) {
                throw new IllegalArgumentException(how.words() + ": row " + numbers[i] + " of " + rows);
            }
            if (numbers[i] >= 0) {
                System.arraycopy(x, numbers[i] * w, y, i * w, w);
            }
        }
        return List.of(Tensor.of(y, shape));
    }

    /** The product of the leading axes. */
    static int count(long[] shape, int axes) {
        long n = 1;
        for (int i = 0; i < axes; i++) {
            n *= shape[i];
        }
        return Math.toIntExact(n);
    }

    /** The number that an index over leading axes is. */
    static int flat(long[] index, long[] shape, int axes) {
        long f = 0;
        for (int i = 0; i < axes; i++) {
            f = f * shape[i] + index[i];
        }
        return Math.toIntExact(f);
    }

    /** The index with a number's place on other leading axes. */
    static long[] moved(int number, long[] to, int axes, long[] index, int own) {
        long[] at = new long[to.length];
        long rest = number;
        for (int i = axes - 1; i >= 0; i--) {
            at[i] = rest % to[i];
            rest /= to[i];
        }
        System.arraycopy(index, own, at, axes, at.length - axes);
        return at;
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        int number = how.numbers()[flat(index, node.out().getFirst().shape(binding), to.size())];
        return number < 0
                ? Derivation.sum("nothing is there: beyond the edge", "0", List.of())
                : Derivation.move(0, moved(number, in.getFirst().shape(), from.size(), index, to.size()));
    }

    @Override
    public GradientRule gradient() {
        return GradientRule.ofFirst((g, n, dy) -> g.add(new Unpick(how, from, to), dy));
    }
}
