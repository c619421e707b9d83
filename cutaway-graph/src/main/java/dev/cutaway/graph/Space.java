package dev.cutaway.graph;

/**
 * A row space: a symbol whose number of rows is bound when a step runs. Rows are positions of sequences; a step binds, for
 * each segment (sequence, source, image), how many rows it has. A shape that mentions a space is symbolic in it.
 *
 * @param symbol the name that shapes and people use, such as {@code position} or {@code key}
 * @param each rows that every segment has, where an architecture says so (an image's patches after some were merged); 0 where a
 *     step says it
 */
public record Space(String symbol, int each) {
    /** A space whose rows a step says. */
    public Space(String symbol) {
        this(symbol, 0);
    }

    /** The rows being computed: positions of a decoder's or encoder's sequence, patches of an image. */
    public static final Space ROWS = new Space("position");

    /** Everything that attention may read: the rows kept in the cache, then the rows being computed. */
    public static final Space KEYS = new Space("key");

    /** Rows of the source that an encoder-decoder reads. */
    public static final Space SOURCE = new Space("source");

    /** One row per sequence: pooled vectors. */
    public static final Space SEQUENCES = new Space("sequence");

    /** Rows of a sequence whose labels count, where a loss is computed of those only. */
    public static final Space COUNTED = new Space("counted");

    public Space {
        if (symbol.isBlank()) {
            throw new IllegalArgumentException("a space needs a symbol");
        }
        if (each < 0) {
            throw new IllegalArgumentException("space '" + symbol + "' has " + each + " rows each");
        }
    }

    // Written out, as in all records that opening a model compares: what the JVM would make costs milliseconds of a
    // start.
    @Override
    public boolean equals(Object o) {
        return o instanceof Space s && s.each == each && s.symbol.equals(symbol);
    }

    @Override
    public int hashCode() {
        return symbol.hashCode() + each;
    }
}
