package dev.cutaway.graph.run;

/**
 * Where a row value lives while a plan runs: rows of {@code width} floats in one of the frame's buffers. Which buffer is
 * decided once, when the whole plan is known: values whose lives do not overlap share one.
 */
final class Slot {
    /** What the rows of a value are. */
    enum Rows {
        /** All rows of the step. */
        ALL,
        /** Only the rows whose logits are wanted. */
        TAIL,
        /** One row per sequence. */
        SEQUENCES
    }

    final int width;
    final Rows rows;
    final int born;
    int lastUse;
    int buffer = -1;

    Slot(int width, Rows rows, int born) {
        this.width = width;
        this.rows = rows;
        this.born = born;
        this.lastUse = born;
    }

    /** First float of a row. */
    long at(int row) {
        return (long) row * width;
    }
}
