package dev.cutaway.graph.learn;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A primitive that has no kernel, by its definition: sequence by sequence where it has rows, else once. It allocates; it is for what is small
 * or rare.
 */
final class GenericStep extends Step {
    /** When a step runs. */
    enum When {
        /** Once for each sequence. */
        EACH,
        /** Once for a batch: weights only. */
        ONCE
    }

    private final Node node;
    private final Map<Value, Place> places;
    private final When when;

    /** @param places of the inputs and outputs that have one */
    GenericStep(Node node, Map<Value, Place> places, When when) {
        this.node = node;
        this.places = places;
        this.when = when;
    }

    @Override
    int chunks(Work w) {
        return when == When.ONCE ? 1 : Math.min(1, w.segments());
    }

    @Override
    void run(Work w, int chunk, int worker) {
        int n = when == When.ONCE ? 1 : w.segments();
        for (int i = 0; i < n; i++) {
            List<Tensor> in = new ArrayList<>();
            for (Value v : node.in()) {
                in.add(input(w, v, i));
            }
            List<Tensor> out = ((Primitive) node.op()).eval(node, w.segment(i).binding(), in);
            for (int o = 0; o < out.size(); o++) {
                output(w, node.value(o), i, out.get(o));
            }
        }
    }

    private Tensor input(Work w, Value v, int segment) {
        if (v.node().op() instanceof Parameter p) {
            return w.weightTensor(p).widen();
        }
        if (v.node().op() instanceof Input i) {
            return Work.input(w.segment(segment), i.input());
        }
        Place p = places.get(v);
        if (p == null || p.kind.sort() == Place.Sort.LOOSE) {
            return Objects.requireNonNull(w.loose.get(v), "a value that was not computed")[segment];
        }
        if (p.kind.sort() == Place.Sort.FIXED) {
            return Objects.requireNonNull(w.sums.get(v)).reshape(fixed(v));
        }
        int from = w.starts(p.kind)[segment];
        int rows = w.starts(p.kind)[segment + 1] - from;
        long[] shape = v.type().shape(w.segment(segment).binding());
        Tensor t = Tensor.zeros(shape);
        MemorySegment.copy(w.memory(p), 4 * w.at(p, from), t.data(), 0, 4L * rows * p.width);
        return t;
    }

    private static long[] fixed(Value v) {
        return v.type().dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
    }

    private void output(Work w, Value v, int segment, Tensor t) {
        Place p = places.get(v);
        if (p == null || p.kind.sort() == Place.Sort.LOOSE) {
            w.loose.computeIfAbsent(v, k -> new Tensor[w.segments()])[segment] = t;
            return;
        }
        Tensor x = t.widen();
        if (p.kind.ofRows()) {
            int from = w.starts(p.kind)[segment];
            MemorySegment.copy(x.data(), 0, w.memory(p), 4 * w.at(p, from), 4 * x.size());
        } else if (when == When.ONCE) {
            MemorySegment.copy(x.data(), 0, w.sum(v), 0, 4 * x.size());
        } else {
            MemorySegment to = w.sum(v);
            w.kernels.rows().add(to, 0, x.data(), 0, to, 0, x.size());
        }
    }
}
