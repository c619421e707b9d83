package dev.cutaway.graph.learn;

import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cosines and sines of the positions of a batch ({@link RopeTable}). Those of a position are computed once and kept, as
 * long as they do not depend on how long its sequence is.
 */
final class RopeRows extends Step {
    private final RopeFrequencies frequencies;
    private final String positions;
    private final Place cos;
    private final Place sin;
    private final Map<Integer, Angles> known = new ConcurrentHashMap<>();

    private record Angles(float[] cos, float[] sin) {}

    /**
     * @param positions the input that holds them
     * @param cos {@code [row, pair]}, written
     * @param sin the same
     */
    RopeRows(RopeFrequencies frequencies, String positions, Place cos, Place sin) {
        this.frequencies = frequencies;
        this.positions = positions;
        this.cos = cos;
        this.sin = sin;
    }

    @Override
    int chunks(Work w) {
        return w.segments();
    }

    @Override
    void run(Work w, int chunk, int worker) {
        Tensor at = Work.input(w.segment(chunk), positions);
        int length = RopeTable.length(at, w.segment(chunk).binding());
        boolean alike = !frequencies.changes(1, length);
        int first = w.starts(cos.kind)[chunk];
        for (int r = 0; r < at.size(); r++) {
            int position = at.getInt(r);
            Angles a = alike
                    ? Objects.requireNonNull(known.computeIfAbsent(position, p -> angles(p, length)))
                    : angles(position, length);
            put(a.cos, w.memory(cos), w.at(cos, first + r));
            put(a.sin, w.memory(sin), w.at(sin, first + r));
        }
    }

    private Angles angles(int position, int length) {
        Angles a = new Angles(new float[frequencies.pairs()], new float[frequencies.pairs()]);
        frequencies.row(position, length, a.cos, a.sin, 0);
        return a;
    }

    private static void put(float[] from, MemorySegment to, long place) {
        MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * place, from.length);
    }
}
