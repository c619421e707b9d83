package dev.cutaway.graph.op;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Derivation;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.GradientRule;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Recurrence: a body that is applied to one row after the other, each time with the states that it left at the row before. The body is a
 * composite over rows, so that its graph, its gradient and its derivations are there already; here its rows are one at a time.
 *
 * <p>Inputs: what each state begins with {@code [sequence, ...]}, row inputs {@code [row, ...]}, weights. The body takes the states, the row
 * inputs and the weights in this order, and gives the new states first, then whatever else it tells of a row. Outputs: each of those,
 * for every row.
 *
 * <p>The gradient is a scan the other way, whose states are the gradients of the states ({@link ScanBack}); once it is known what reaches
 * the states of every row, the gradients of row inputs and weights are those of the body over all rows at once, no recurrence any more.
 *
 * @param body what happens at a row
 * @param states how many states it has
 * @param inputs how many row inputs
 * @param backwards whether it goes from the last row to the first
 */
public record Scan(Composite body, int states, int inputs, boolean backwards) implements Primitive {
    public Scan {
        if (states < 1 || inputs < 1) {
            throw new IllegalArgumentException("a scan has states and reads rows");
        }
    }

    @Override
    public String name() {
        return "scan of " + body.name();
    }

    @Override
    public String constants() {
        return backwards ? "backwards" : "";
    }

    @Override
    public List<Type> types(List<Type> in) {
        if (in.size() < states + inputs || !(in.get(states).dim(0) instanceof Dim.Rows)) {
            throw new IllegalArgumentException("takes " + states + " states and " + inputs + " inputs of rows");
        }
        Dim row = in.get(states).dim(0);
        for (int i = 0; i < states + inputs; i++) {
            if (!in.get(i).dim(0).same(i < states ? Dim.of(Space.SEQUENCES) : row)) {
                throw new IllegalArgumentException("input " + i + " is " + in.get(i)
                        + "; states have a row for each sequence, inputs share their rows");
            }
        }
        List<Type> out = body.types(bodyTypes(in));
        for (int s = 0; s < states; s++) {
            if (!out.get(s).toString().equals(in.get(s).toString())) {
                throw new IllegalArgumentException("state " + s + " is " + in.get(s) + " and becomes " + out.get(s));
            }
        }
        return IntStream.range(0, out.size())
                .mapToObj(o -> withFirst(o < states ? in.get(o) : out.get(o), row))
                .toList();
    }

    /** What the body takes: one row of each. */
    List<Type> bodyTypes(List<Type> in) {
        return IntStream.range(0, in.size())
                .mapToObj(i -> i < states + inputs ? withFirst(in.get(i), Dim.of(Space.SEQUENCES)) : in.get(i))
                .toList();
    }

    private static Type withFirst(Type t, Dim first) {
        List<Dim> dims = new ArrayList<>(t.dims());
        dims.set(0, first);
        return Type.real(dims);
    }

    private static List<Type> types(Node n) {
        return n.in().stream().map(Value::type).toList();
    }

    /** The row that is computed before another one; outside for the first. */
    long before(long row) {
        return backwards ? row + 1 : row - 1;
    }

    @Override
    public List<Tensor> eval(Node node, Binding binding, List<Tensor> in) {
        ScanBody b = ScanBody.of(this, types(node));
        int rows = (int) in.get(states).dim(0);
        List<Tensor> state = new ArrayList<>(in.subList(0, states));
        Tensor[][] out = new Tensor[node.out().size()][rows];
        for (int i = 0; i < rows; i++) {
            int r = backwards ? rows - 1 - i : i;
            List<Tensor> given = new ArrayList<>(state);
            in.subList(states, states + inputs).forEach(x -> given.add(x.slice(0, r, r + 1)));
            given.addAll(in.subList(states + inputs, in.size()));
            List<Tensor> now = b.eval(given);
            for (int o = 0; o < out.length; o++) {
                out[o][r] = now.get(o).widen();
            }
            state = now.subList(0, states);
        }
        return IntStream.range(0, out.length)
                .mapToObj(o -> rows == 0 ? Tensor.zeros(node.out().get(o).shape(binding)) : Dense.concatRows(out[o]))
                .toList();
    }

    @Override
    public Derivation derive(Node node, int output, long[] index, Binding binding, List<Tensor> in) {
        return ScanBody.of(this, types(node))
                .derive(output, index, in.get(states).dim(0));
    }

    @Override
    public long macs(List<Type> in, Binding binding) {
        return ScanBody.of(this, in).macs() * binding.size(in.get(states).dim(0));
    }

    @Override
    public GradientRule gradient() {
        return (g, n, dy) -> {
            List<Value> in = n.in();
            List<Value> begin = in.subList(0, states);
            List<Value> before = new ArrayList<>(); // the states that each row saw
            List<Value> zeros = new ArrayList<>();
            for (int s = 0; s < states; s++) {
                before.add(g.addAll(new Shift(backwards), List.of(n.value(s), begin.get(s)), "")
                        .value(0));
                zeros.add(g.add(Filled.zeros(begin.get(s).type())));
            }
            Node reaches = reaches(g, n, dy, before, zeros);
            List<Value> given = new ArrayList<>(before);
            given.addAll(in.subList(states, in.size()));
            List<Optional<Value>> out = new ArrayList<>();
            for (int s = 0; s < states; s++) {
                Node next = g.addAll(new Shift(!backwards), List.of(reaches.value(s), zeros.get(s)), "");
                given.add(g.add(Binary.ADD, dy.get(s), next.value(0)));
                out.add(Optional.of(next.value(1)));
            }
            given.addAll(dy.subList(states, dy.size()));
            Node rest = g.addAll(new GradOf(body, in.size()), given, "");
            for (int i = states; i < in.size(); i++) {
                out.add(Optional.of(rest.value(i)));
            }
            return out;
        };
    }

    /** What reaches the states that each row saw, by way of that row and those after it. */
    private Node reaches(GraphBuilder g, Node n, List<Value> dy, List<Value> before, List<Value> zeros) {
        List<Value> in = new ArrayList<>(zeros);
        in.addAll(dy);
        in.addAll(before);
        in.addAll(n.in().subList(states, n.in().size()));
        int rows = dy.size() + states + inputs;
        return g.addAll(new Scan(new ScanBack(body, states, dy.size()), states, rows, !backwards), in, "");
    }
}
