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
    /** What a value has one of. */
    enum Kind {
        /** Rows of sequences. */
        ROWS,
        /** Rows of sources. */
        SOURCE,
        /** One row for each sequence. */
        SEQUENCES,
        /** No rows: weights, and the sums over rows that their gradients are. */
        FIXED,
        /** Anything else, such as scores: a tensor for each sequence. */
        LOOSE;

        static Kind of(Type t) {
            int spaces = 0;
            for (Dim d : t.dims()) {
                spaces += d instanceof Dim.Rows ? 1 : 0;
            }
            if (spaces == 0) {
                return FIXED;
            }
            // Rows of which an architecture says how many each sequence has have no place of their own yet.
            if (spaces > 1 || !(t.dim(0) instanceof Dim.Rows(Space s)) || s.each() > 0) {
                return LOOSE;
            }
            return of(s);
        }

        static Kind of(Space s) {
            return s.equals(Space.SOURCE) ? SOURCE : s.equals(Space.SEQUENCES) ? SEQUENCES : ROWS;
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
