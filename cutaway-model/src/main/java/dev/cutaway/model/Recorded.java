package dev.cutaway.model;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Edit;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a look starts from: the session's inputs, the weights, the recorded streams and caches as far as no intervention makes them
 * invalid, and what was computed before (within a budget).
 */
final class Recorded implements Given {
    private static final long BUDGET = 256L << 20;

    private record Key(Value value, int from, int to) {}

    private final Session session;
    private final Map<Value, Integer> blockOf = new HashMap<>();
    private final int validBlocks;
    private final boolean pristine;
    private final LinkedHashMap<Key, Tensor> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long bytes;
    private int from;
    private int to;

    Recorded(Session session, Graph opened, Map<Value, Edit> edits) {
        this.session = session;
        this.pristine = edits.isEmpty();
        for (int i = 0; i < opened.blockInputs().size(); i++) {
            blockOf.put(opened.blockInputs().get(i), i);
        }
        // A block's recorded input is still true if nothing before it was changed.
        this.validBlocks =
                edits.keySet().stream().mapToInt(v -> v.node().block()).min().orElse(Integer.MAX_VALUE);
    }

    Recorded at(int first, int end) {
        from = first;
        to = end;
        return this;
    }

    Optional<Tensor> kept(Value v, int first, int end) {
        return Optional.ofNullable(kept.get(new Key(v, first, end)));
    }

    void keep(Value v, int first, int end, Tensor t) {
        if (t.byteSize() > BUDGET / 4) {
            return;
        }
        Tensor old = kept.put(new Key(v, first, end), t);
        bytes += t.byteSize() - (old == null ? 0 : old.byteSize());
        var eldest = kept.entrySet().iterator();
        while (bytes > BUDGET && eldest.hasNext()) {
            bytes -= eldest.next().getValue().byteSize();
            eldest.remove();
        }
    }

    @Override
    public Optional<Tensor> value(Value v) {
        return switch (v.node().op()) {
            case Input i -> Optional.of(input(i));
            case Parameter p -> Optional.of(parameter(p));
            case Cache c
            when pristine && session.state().recording() ->
                Optional.of(session.state().kept(c.state()));
            case Carried c
            when pristine && session.state().recording() && from > 0 ->
                Optional.of(
                        session.state().kept(c.state()).slice(0, from - 1, from).reshape(new long[] {1, c.width()}));
            default -> {
                Integer block = blockOf.get(v);
                yield block != null && block <= validBlocks && session.state().recording()
                        ? recorded(block)
                        : kept(v, from, to);
            }
        };
    }

    private Optional<Tensor> recorded(int block) {
        boolean source = session.state().blockIsSource(block);
        return Optional.of(session.state().recorded(block, source ? 0 : from, source ? session.sourceLength() : to));
    }

    private Tensor input(Input i) {
        if (!i.type().integer()) {
            return session.patches(from, to);
        }
        int[] values = session.ints(i.input(), from, to);
        return Tensor.ofInts(values, values.length);
    }

    private Tensor parameter(Parameter p) {
        return p.dims().size() == 1
                ? session.model().weights().vector(p)
                : session.model().weights().tensor(p).widen();
    }

    @Override
    public Optional<PackedMatrix> packed(Parameter p) {
        return session.model().weights().ifPacked(p);
    }

    @Override
    public Place place(Parameter p, long[] index) {
        return session.model().weights().place(p, index);
    }
}
