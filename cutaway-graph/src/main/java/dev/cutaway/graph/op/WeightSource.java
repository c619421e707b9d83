package dev.cutaway.graph.op;

import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Which tensor of the checkpoint a parameter is, and which part of it. Fused projections (one matrix for query, key and value)
 * are cut by rows; matrices that a checkpoint keeps as {@code [in, out]} are transposed first.
 *
 * @param name the tensor's name in the checkpoint
 * @param transposed whether the checkpoint keeps {@code [in, out]} where the graph wants {@code [out, in]}
 * @param groups rows come in this many equal groups, of each of which {@link #from} to {@link #to} is taken (GPT-NeoX interleaves
 *     query, key and value per head); 1 for a plain range
 * @param from first row within a group
 * @param to end of the rows within a group; -1 for all
 */
public record WeightSource(String name, boolean transposed, int groups, int from, int to) {
    @Override
    public boolean equals(Object o) {
        return o instanceof WeightSource s
                && s.name.equals(name)
                && s.transposed == transposed
                && s.groups == groups
                && s.from == from
                && s.to == to;
    }

    @Override
    public int hashCode() {
        return ((name.hashCode() * 31 + (transposed ? 1 : 0)) * 31 + from) * 31 + to;
    }

    public static WeightSource whole(String name) {
        return new WeightSource(name, false, 1, 0, -1);
    }

    public WeightSource asTransposed() {
        return new WeightSource(name, true, groups, from, to);
    }

    /** Rows {@code from} to {@code to} of the (transposed) tensor. */
    public WeightSource rows(int from, int to) {
        return new WeightSource(name, transposed, 1, from, to);
    }

    /** Rows {@code from} to {@code to} of each of {@code groups} equal groups of rows. */
    public WeightSource rowsOfGroups(int groups, int from, int to) {
        return new WeightSource(name, transposed, groups, from, to);
    }

    /** Whether the parameter is the checkpoint's tensor as it stands. */
    public boolean whole() {
        return !transposed && to < 0;
    }

    /** Cuts the parameter out of the checkpoint's tensor. Row cuts of a single group are views. */
    public Tensor cut(Tensor t) {
        Tensor full = transposed ? t.widen().transposed(Arena.ofAuto()) : t;
        if (to < 0) {
            return full;
        }
        if (groups == 1) {
            return full.slice(0, from, to);
        }
        long perGroup = full.dim(0) / groups;
        Tensor[] parts = new Tensor[groups];
        for (int g = 0; g < groups; g++) {
            parts[g] = full.slice(0, g * perGroup + from, g * perGroup + to);
        }
        return Dense.concatRows(parts);
    }

    /** The element of the checkpoint's tensor (flat, row-major) that this parameter's element is. */
    public long sourceElement(long[] index, long[] sourceShape) {
        long rows = transposed ? sourceShape[1] : sourceShape[0];
        long row = index[0];
        if (to >= 0) {
            long taken = (long) to - from;
            row = groups == 1 ? row + from : row / taken * (rows / groups) + from + row % taken;
        }
        if (index.length == 1) {
            return row;
        }
        long col = index[1];
        return transposed ? col * sourceShape[1] + row : row * sourceShape[1] + col;
    }
}
