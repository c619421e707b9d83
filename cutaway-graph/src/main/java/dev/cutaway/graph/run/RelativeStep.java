package dev.cutaway.graph.run;

import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.RelativeBuckets;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * A bias of scores by the distance from row to key. It is the same wherever a row stands, so it is kept as one line of
 * distances for each head, made once; a row's biases are a part of that line, the next row's begin one float before them.
 */
final class RelativeStep extends Step {
    private static final int FIRST_REACH = 512;

    private final Value value;
    private final RelativeBuckets buckets;
    private final Supplier<Tensor> source;
    private Tensor table = Tensor.zeros(1);
    private volatile Line line = new Line(Tensor.zeros(1), 0);

    RelativeStep(Value value, RelativeBuckets buckets, Supplier<Tensor> table) {
        this.value = value;
        this.buckets = buckets;
        this.source = table;
    }

    /**
     * Biases by distance.
     *
     * @param biases {@code [head, 2 * reach]}: distance d at {@code d + reach}
     */
    record Line(Tensor biases, int reach) {
        /** Where the biases of a row's keys begin, the first key's first. */
        long at(int head, int row) {
            return head * perHead() + reach - row;
        }

        long perHead() {
            return 2L * reach;
        }

        MemorySegment data() {
            return biases.data();
        }
    }

    @Override
    void prepare() {
        table = source.get();
    }

    @Override
    int chunks(Frame f) {
        return f.rows > 0 ? 1 : 0;
    }

    @Override
    void run(Frame f, int chunk, int worker) {
        int most = 0;
        for (int i = 0; i < f.batch.segments; i++) {
            most = Math.max(most, f.batch.states[i].length() + f.batch.starts[i + 1] - f.batch.starts[i]);
        }
        Line now = line;
        if (now.reach < most) { // several users may do this at once, with the same result
            now = reaching(Math.max(FIRST_REACH, Math.max(most, 2 * now.reach)));
            line = now;
        }
        f.lines.put(value, now);
    }

    private Line reaching(int reach) {
        int heads = (int) table.dim(1);
        float[] biases = new float[heads * 2 * reach];
        for (int d = -reach; d < reach; d++) {
            int bucket = buckets.bucket(d);
            for (int h = 0; h < heads; h++) {
                biases[h * 2 * reach + d + reach] = table.get((long) bucket * heads + h);
            }
        }
        return new Line(Tensor.of(biases, heads, 2L * reach), reach);
    }
}
