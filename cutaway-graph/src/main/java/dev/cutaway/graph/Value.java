package dev.cutaway.graph;

/** One output of a node: what other nodes take as input. */
@SuppressWarnings("ReferenceEquality") // nodes are their identity
public record Value(Node node, int output) {
    public Type type() {
        return node.out().get(output);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Value(Node n, int k) && n == node && k == output;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(node) * 31 + output;
    }

    @Override
    public String toString() {
        return "%" + node.id() + (output == 0 ? "" : "." + output);
    }
}
