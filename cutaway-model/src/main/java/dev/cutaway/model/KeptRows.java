package dev.cutaway.model;

import dev.cutaway.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Small rows of derived tensors, by name and position, kept as long as a look: whoever asks for a position again, or for another
 * quantity that was computed with it, does not compute it twice.
 */
final class KeptRows {
    private final int length;
    private final Map<String, float[][]> rows = new HashMap<>();

    KeptRows(int length) {
        this.length = length;
    }

    /** Computes positions {@code from} to {@code to} and puts them. */
    @FunctionalInterface
    interface Compute {
        void rows(int from, int to);
    }

    void put(String name, int position, float... values) {
        rows.computeIfAbsent(name, n -> new float[length][])[position] = values;
    }

    /**
     * The rows {@code [1, position, ...]} of a tensor, of which only those are computed that are not here.
     *
     * @param shape the sizes after the position; none for one value a position
     */
    Tensor get(String name, int from, int to, int[] shape, Compute compute) {
        float[][] kept = rows.computeIfAbsent(name, n -> new float[length][]);
        for (int p = from; p < to; p++) {
            int end = p;
            while (end < to && kept[end] == null) {
                end++;
            }
            if (end > p) {
                compute.rows(p, end);
                p = end;
            }
        }
        int size = 1;
        long[] whole = new long[2 + shape.length];
        whole[0] = 1;
        whole[1] = (long) to - from;
        for (int i = 0; i < shape.length; i++) {
            size *= shape[i];
            whole[2 + i] = shape[i];
        }
        float[] out = new float[(to - from) * size];
        for (int p = from; p < to; p++) {
            System.arraycopy(kept[p], 0, out, (p - from) * size, size);
        }
        return Tensor.of(out, whole);
    }
}
