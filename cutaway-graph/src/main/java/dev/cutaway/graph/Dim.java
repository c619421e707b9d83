package dev.cutaway.graph;

/** One axis of a symbolic shape: a fixed size with a label for people, or the rows of a {@link Space}. */
public sealed interface Dim {
    /** What people call this axis: {@code head}, {@code width}, {@code position} ... */
    String label();

    /** A fixed axis. Two axes are interchangeable when their sizes agree; labels are for people. */
    record Size(String label, int value) implements Dim {
        public Size {
            if (value < 1) {
                throw new IllegalArgumentException(
                        "axis '" + label + "' has size " + value + "; it must be at least 1");
            }
        }
    }

    /** The rows of a space, bound when a step runs. */
    record Rows(Space space) implements Dim {
        @Override
        public String label() {
            return space.symbol();
        }
    }

    static Dim of(String label, int value) {
        return new Size(label, value);
    }

    static Dim of(Space space) {
        return new Rows(space);
    }

    /** Whether two axes have the same extent in every binding. */
    default boolean same(Dim other) {
        if (this instanceof Size(String l, int n)) {
            return other instanceof Size(String m, int k) && n == k;
        }
        return this instanceof Rows(Space s) && other instanceof Rows(Space t) && s.equals(t);
    }

    /** Whether this axis is a fixed 1, which broadcasts against any other. */
    default boolean one() {
        return this instanceof Size(String l, int n) && n == 1;
    }
}
