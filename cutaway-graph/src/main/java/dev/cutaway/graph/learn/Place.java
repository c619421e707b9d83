package dev.cutaway.graph.learn;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
        /** Rows whose labels count. */
        static final Kind COUNTED = new Kind(Sort.ROWS, Space.COUNTED);

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
            boolean own =
                    s.each() > 0 || s.equals(Space.SOURCE) || s.equals(Space.SEQUENCES) || s.equals(Space.COUNTED);
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

    /** Gives every value of rows its place; returns the floats of a row of each kind. */
    static Map<Kind, Integer> assign(List<Place> all) {
        Map<Kind, Integer> widths = new HashMap<>();
        List<Kind> kinds =
                all.stream().map(p -> p.kind).filter(Kind::ofRows).distinct().toList();
        for (Kind k : kinds) {
            List<Place> mine = all.stream()
                    .filter(p -> p.kind.equals(k))
                    .sorted((a, b) -> a.born != b.born ? Integer.compare(a.born, b.born) : b.taken() - a.taken())
                    .toList();
            int width = 0;
            for (Place p : mine) {
                p.offset = lowest(p, mine);
                width = Math.max(width, Math.toIntExact(p.offset + p.taken()));
            }
            if (!mine.isEmpty()) {
                widths.put(k, width);
            }
        }
        return widths;
    }

    /** The lowest offset at which nothing lies that lives at the same time. */
    private static long lowest(Place p, List<Place> others) {
        List<Place> beside = others.stream()
                .filter(o -> o != p && o.offset >= 0 && o.born <= p.lastUse && p.born <= o.lastUse)
                .sorted((a, b) -> Long.compare(a.offset, b.offset))
                .toList();
        long at = 0;
        for (Place o : beside) {
            if (at + p.taken() <= o.offset) {
                break;
            }
            at = Math.max(at, o.offset + o.taken());
        }
        return at;
    }
}
