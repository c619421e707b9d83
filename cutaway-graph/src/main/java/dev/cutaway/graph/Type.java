package dev.cutaway.graph;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The symbolic type of a value: whether its elements are real numbers or integers, and its axes.
 *
 * @param integer true for indices (token ids, positions, buckets), false for float32
 * @param dims axes, outermost first
 */
public record Type(boolean integer, List<Dim> dims) {
    public Type {
        dims = List.copyOf(dims);
    }

    public static Type real(Dim... dims) {
        return new Type(false, List.of(dims));
    }

    public static Type real(List<Dim> dims) {
        return new Type(false, dims);
    }

    public static Type integers(Dim... dims) {
        return new Type(true, List.of(dims));
    }

    public int rank() {
        return dims.size();
    }

    /** Axis {@code i}; negative counts from the end. */
    public Dim dim(int i) {
        return dims.get(i < 0 ? dims.size() + i : i);
    }

    /** Fixed size of axis {@code i}; fails if it is a row space. */
    public int size(int i) {
        if (dim(i) instanceof Dim.Size(String label, int n)) {
            return n;
        }
        throw new IllegalArgumentException("axis " + i + " of " + this + " is not of a fixed size");
    }

    /** The product of the fixed axes: elements per row. */
    public long fixedSize() {
        long n = 1;
        for (Dim d : dims) {
            if (d instanceof Dim.Size(String label, int v)) {
                n = Math.multiplyExact(n, v);
            }
        }
        return n;
    }

    /** The shape in one binding. */
    public long[] shape(Binding b) {
        long[] s = new long[dims.size()];
        for (int i = 0; i < s.length; i++) {
            s[i] = b.size(dims.get(i));
        }
        return s;
    }

    @Override
    public String toString() {
        return dims.stream()
                .map(d -> d instanceof Dim.Size(String l, int n) ? Integer.toString(n) : d.label())
                .collect(Collectors.joining(", ", integer ? "int[" : "[", "]"));
    }
}
