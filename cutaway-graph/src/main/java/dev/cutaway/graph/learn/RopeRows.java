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
    private final Map<Integer, float[]> known = new ConcurrentHashMap<>();

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
        int n = frequencies.pairs();
        for (int r = 0; r < at.size(); r++) {
            int position = at.getInt(r);
            float[] both = alike
                    ? Objects.requireNonNull(known.computeIfAbsent(position, p -> both(p, length)))
                    : both(position, length);
            put(both, 0, w.memory(cos), w.at(cos, first + r), n);
            put(both, n, w.memory(sin), w.at(sin, first + r), n);
        }
    }

    private float[] both(int position, int length) {
        int n = frequencies.pairs();
        float[] c = new float[n];
        float[] s = new float[n];
        frequencies.row(position, length, c, s, 0);
        float[] both = new float[2 * n];
        System.arraycopy(c, 0, both, 0, n);
        System.arraycopy(s, 0, both, n, n);
        return both;
    }

    private static void put(float[] from, int at, MemorySegment to, long place, int n) {
        MemorySegment.copy(from, at, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * place, n);
    }
}
