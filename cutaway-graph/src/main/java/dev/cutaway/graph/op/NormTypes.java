package dev.cutaway.graph.op;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Type;
import java.util.List;

/** Shape rule of norms: gain and bias are as wide as a row. */
final class NormTypes {
    private NormTypes() {}

    static List<Type> check(List<Type> in) {
        Dim width = in.getFirst().dim(-1);
        for (Type t : in.subList(1, in.size())) {
            if (t.rank() != 1 || !t.dim(0).same(width)) {
                throw new IllegalArgumentException("gain or bias " + t + " does not fit rows of " + width);
            }
        }
        return List.of(in.getFirst());
    }
}
