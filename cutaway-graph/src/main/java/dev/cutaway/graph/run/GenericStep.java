package dev.cutaway.graph.run;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs an operation that has no kernel by its definition: the primitive's reference evaluation, or the composite's expansion,
 * once per sequence. It allocates; it is for what happens once per step at most (relative biases, pooling, class tokens).
 */
final class GenericStep extends Step {
    private final Node node;
    private final Map<Value, Slot> slots;
    private final Optional<Slot> out;
    private final Weights weights;
    private final Graph expansion;
    private final List<Value> results;

    /**
     * @param slots where row inputs live
     * @param out where the result goes; empty if it is kept as a loose tensor per sequence
     */
    GenericStep(Node node, Map<Value, Slot> slots, Optional<Slot> out, Weights weights) {
        this.node = node;
        this.slots = slots;
        this.out = out;
        this.weights = weights;
        GraphBuilder g = new GraphBuilder();
        List<Value> in = new ArrayList<>();
        for (Value v : node.in()) {
            in.add(g.input(v.toString(), v.type()));
        }
        this.results = switch (node.op()) {
            case Primitive p -> List.of(g.addAll(p, in, "").value(0));
            case Composite c -> c.expand(g, in);
        };
        this.expansion = g.build();
    }

    @Override
    int chunks(Frame f) {
        return f.rows > 0 ? 1 : 0;
    }

    @Override
    void run(Frame f, int chunk, int worker) {
        Tensor[] loose = new Tensor[f.batch.segments];
        for (int i = 0; i < f.batch.segments; i++) {
            Tensor t = evaluate(f, i);
            if (out.isPresent()) {
                Slot s = out.get();
                MemorySegment.copy(t.data(), 0, f.memory(s), s.at(f.first(s, i)) * 4, t.size() * 4);
            }
            loose[i] = t;
        }
        if (out.isEmpty()) {
            f.loose.put(node.value(0), loose);
        }
    }

    private Tensor evaluate(Frame f, int segment) {
        int from = f.batch.starts[segment];
        int to = f.batch.starts[segment + 1];
        SequenceState s = f.batch.states[segment];
        int keys = s.length() + to - from;
        int source = s.sourceLength() > 0 ? s.sourceLength() : to - from;
        Map<String, Tensor> in = new HashMap<>();
        for (Value v : node.in()) {
            in.put(v.toString(), input(f, v, from, to, keys));
        }
        Graph opened = expansion.opened();
        Given given = new Inputs(in);
        Evaluator e = new Evaluator(opened, Binding.rows(to - from, keys, source), given, Map.of());
        return e.value(expansion.inOpened(results.getFirst()));
    }

    private Tensor input(Frame f, Value v, int from, int to, int keys) {
        Op op = v.node().op();
        if (op instanceof Parameter p) {
            return weights.tensor(p).widen();
        }
        if (op instanceof Input i) {
            return given(f, i, from, to, keys);
        }
        Slot s = slots.get(v);
        if (s == null) {
            return java.util.Objects.requireNonNull(f.loose.get(v))[f.segmentOf(from)];
        }
        int segment = f.segmentOf(from);
        int first = f.first(s, segment);
        int count = f.count(s, segment);
        long[] shape = new long[v.type().rank()];
        shape[0] = count;
        for (int d = 1; d < shape.length; d++) {
            shape[d] = v.type().size(d);
        }
        Tensor t = Tensor.zeros(shape);
        MemorySegment.copy(f.memory(s), s.at(first) * 4, t.data(), 0, t.size() * 4);
        return t;
    }

    private static Tensor given(Frame f, Input i, int from, int to, int keys) {
        if (!i.type().integer()) {
            Tensor t = f.batch.reals.get(i.input());
            if (t == null) {
                throw new IllegalArgumentException("the step needs '" + i.input() + "', which was not given");
            }
            return t.slice(0, from, to);
        }
        if (i.type().dim(0) instanceof Dim.Rows(Space space) && space.equals(Space.KEYS)) {
            int[] index = new int[keys];
            for (int k = 0; k < keys; k++) {
                index[k] = k;
            }
            return Tensor.ofInts(index, keys);
        }
        int[] part = java.util.Arrays.copyOfRange(f.ints(i.input()), from, to);
        return Tensor.ofInts(part, part.length);
    }

    /** Inputs of the expansion by name. */
    private record Inputs(Map<String, Tensor> in) implements Given {
        @Override
        public Optional<Tensor> value(Value v) {
            return v.node().op() instanceof Input i ? Optional.ofNullable(in.get(i.input())) : Optional.empty();
        }

        @Override
        public Optional<PackedMatrix> packed(Parameter p) {
            return Optional.empty();
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return new Place(p.source().name(), index, "");
        }
    }
}
