package dev.cutaway.graph;

import java.util.Map;

/** Sizes of the row spaces for one segment. */
public record Binding(Map<Space, Integer> sizes) {
    public Binding {
        sizes = Map.copyOf(sizes);
    }

    /** Binds the rows being computed and the keys they may read; one sequence, no source. */
    public static Binding rows(int rows, int keys) {
        return new Binding(Map.of(Space.ROWS, rows, Space.KEYS, keys, Space.SEQUENCES, 1));
    }

    /** Binds rows, keys and source rows. */
    public static Binding rows(int rows, int keys, int source) {
        return new Binding(Map.of(Space.ROWS, rows, Space.KEYS, keys, Space.SOURCE, source, Space.SEQUENCES, 1));
    }

    public int size(Dim d) {
        return switch (d) {
            case Dim.Size(String l, int n) -> n;
            case Dim.Rows(Space s) when s.each() > 0 -> s.each();
            case Dim.Rows(Space s) -> {
                Integer n = sizes.get(s);
                if (n == null) {
                    throw new IllegalArgumentException("space '" + s.symbol() + "' is not bound");
                }
                yield n;
            }
        };
    }
}
