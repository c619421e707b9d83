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
        SEQUENCES,
        /** The same number of rows for each sequence: an image's, after some were merged. */
        EACH
    }

    final int width;
    final Rows rows;
    /** Rows of a sequence, where {@link Rows#EACH} says so. */
    final int each;

    final int born;
    int lastUse;
    int buffer = -1;

    Slot(int width, Rows rows, int born) {
        this(width, rows, 1, born);
    }

    Slot(int width, Rows rows, int each, int born) {
        this.width = width;
        this.rows = rows;
        this.each = each;
        this.born = born;
        this.lastUse = born;
    }

    /** Whether the rows of another slot are as many. */
    boolean alike(Slot other) {
        return rows == other.rows && each == other.each;
    }

    /** What the rows of the buffer are that it lies in. */
    Rows bufferRows() {
        return rows == Rows.EACH ? Rows.SEQUENCES : rows;
    }

    /** Floats of a row of the buffer that it lies in. */
    int bufferWidth() {
        return Math.multiplyExact(width, each);
    }

    /** First row of a sequence; for slots that have as many rows for each. */
    int first(int sequence) {
        return sequence * each;
    }

    /** First float of a row. */
    long at(int row) {
        return (long) row * width;
    }
}
