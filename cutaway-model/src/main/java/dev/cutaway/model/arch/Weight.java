package dev.cutaway.model.arch;

import dev.cutaway.graph.op.WeightSource;
import java.util.Optional;

/** A matrix of the checkpoint and the bias that belongs to it. */
public record Weight(WeightSource matrix, Optional<WeightSource> bias) {
    /** {@code NAME.weight}, and {@code NAME.bias} if there is a bias. */
    public static Weight of(String name, boolean bias) {
        return new Weight(
                WeightSource.whole(name + ".weight"),
                bias ? Optional.of(WeightSource.whole(name + ".bias")) : Optional.empty());
    }

    /** As {@link #of}, kept as {@code [in, out]} in the checkpoint. */
    public static Weight transposed(String name) {
        return new Weight(
                WeightSource.whole(name + ".weight").asTransposed(), Optional.of(WeightSource.whole(name + ".bias")));
    }

    /** Rows {@code from} to {@code to} of a fused matrix, and of its bias. */
    public Weight rows(int from, int to) {
        return new Weight(matrix.rows(from, to), bias.map(b -> b.rows(from, to)));
    }

    /** Rows {@code from} to {@code to} of each of {@code groups} groups of a fused matrix, and of its bias. */
    public Weight rowsOfGroups(int groups, int from, int to) {
        return new Weight(matrix.rowsOfGroups(groups, from, to), bias.map(b -> b.rowsOfGroups(groups, from, to)));
    }
}
