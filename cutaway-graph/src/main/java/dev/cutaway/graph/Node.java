package dev.cutaway.graph;

import java.util.List;

/**
 * An operation applied to values. Nodes are compared by identity.
 *
 * @param id place in the graph's order; inputs always have smaller ids
 * @param block the Transformer block it belongs to, counted over the whole graph; -1 before the first, the number of blocks after the last
 * @param scope prefix of the names that its expansion gives ({@code blocks.3.attn.}); empty if none
 */
public record Node(int id, Op op, List<Value> in, List<Type> out, int block, String scope) {
    public Node {
        in = List.copyOf(in);
        out = List.copyOf(out);
    }

    public Value value(int output) {
        return new Value(this, output);
    }

    /** What a derivation calls the i-th input: an input, or behind the inputs one of the node's own outputs (a recurrence's, of other rows). */
    public Value source(int i) {
        return i < in.size() ? in.get(i) : value(i - in.size());
    }

    @Override
    public boolean equals(Object o) {
        return this == o;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "%" + id + " = " + op.name() + in;
    }
}
