package dev.cutaway.graph.learn;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;

/**
 * Where the rows of a value live while a plan runs: {@code width} floats a row, side by side with others in the memory of its row space.
 * Where exactly is decided once, when the lives of all values are known: those that do not overlap may share.
 */
final class Place {
    /** Whether a value has rows, and what kind of. */
    enum Sort {
        /** Rows of a row space. */
        ROWS,
        /** None: weights, and the sums over rows that their gradients are. */
        FIXED,
        /** Anything else, such as scores: a tensor for each sequence. */
        LOOSE
    }

    /**
     * What a value has one of.
     *
     * @param space whose rows; any where there are none
     */
    record Kind(Sort sort, Space space) {
        /** Rows of sequences. */
        static final Kind ROWS = new Kind(Sort.ROWS, Space.ROWS);
        /** Rows of sources. */
        static final Kind SOURCE = new Kind(Sort.ROWS, Space.SOURCE);
        /** One row for each sequence. */
        static final Kind SEQUENCES = new Kind(Sort.ROWS, Space.SEQUENCES);

        static final Kind FIXED = new Kind(Sort.FIXED, Space.ROWS);
        static final Kind LOOSE = new Kind(Sort.LOOSE, Space.ROWS);

        static Kind of(Type t) {
            int spaces = 0;
            for (Dim d : t.dims()) {
                spaces += d instanceof Dim.Rows ? 1 : 0;
            }
            if (spaces == 0) {
                return FIXED;
            }
            return spaces == 1 && t.dim(0) instanceof Dim.Rows(Space s) ? of(s) : LOOSE;
        }

        /** Keys are the rows themselves here. */
        static Kind of(Space s) {
            boolean own = s.each() > 0 || s.equals(Space.SOURCE) || s.equals(Space.SEQUENCES);
            return own ? new Kind(Sort.ROWS, s) : ROWS;
        }

        boolean ofRows() {
            return sort == Sort.ROWS;
        }
    }

    final Kind kind;
    final int width;
    final int born;
    int lastUse;
    /** Floats of a row that lie before it. */
    long offset = -1;

    Place(Kind kind, int width, int born) {
        this.kind = kind;
        this.width = width;
        this.born = born;
        this.lastUse = born;
    }

    static Place of(Value v, int born) {
        return new Place(Kind.of(v.type()), Math.toIntExact(v.type().fixedSize()), born);
    }

    /** Floats of a row that are taken: whole lines of the cache. */
    int taken() {
        return (width + 15) / 16 * 16;
    }
}
