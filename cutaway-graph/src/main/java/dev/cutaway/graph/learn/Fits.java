package dev.cutaway.graph.learn;

import dev.cutaway.graph.Composite;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.Depthwise;
import dev.cutaway.graph.op.Filled;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.Slope;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.WindowAttention;
import java.util.List;
import java.util.Optional;

/** Which nodes the kernels of training take as they are, and what they take them by. */
final class Fits {
    private Fits() {}

    /** Whether both directions of a composite have kernels where it takes these inputs. */
    static boolean closed(Composite c, List<Value> in) {
        return switch (c) {
            case GradOf(Composite of, int inputs) -> closed(of, in.subList(0, inputs));
            case Linear l -> weighted(in);
            case HeadsOut h -> weighted(in);
            case LayerNorm n -> weighted(in);
            case RmsNorm n -> weighted(in);
            case Attention a -> in.size() == 5 && a.cap() == 0 && (a.window() == 0 || a.causal());
            case Rotary r -> rows(in.getFirst());
            case Gate(Unary u) -> rows(in.getFirst()) && u.activation().isPresent();
            case Slope(Unary u) -> rows(in.getFirst()) && u.activation().isPresent();
            case CrossEntropy e -> true;
            case Lstm l -> rows(in.get(0)) && isParameter(in.get(1)) && fromNothing(in.subList(2, in.size()));
            case AdditiveAttention a -> rows(in.get(0)) && rows(in.get(1)) && rows(in.get(2)) && isParameter(in.get(3));
            case Depthwise d -> weighted(in);
            case WindowAttention a ->
                in.subList(0, 3).stream().allMatch(Fits::rows)
                        && in.get(3).node().op() instanceof Parameter;
            default -> false;
        };
    }

    private static boolean weighted(List<Value> in) {
        return rows(in.getFirst()) && in.stream().skip(1).allMatch(v -> v.node().op() instanceof Parameter);
    }

    private static boolean isParameter(Value v) {
        return v.node().op() instanceof Parameter;
    }

    /** Whether a recurrence begins with zeros, as it does where there is no past. */
    private static boolean fromNothing(List<Value> begin) {
        return begin.stream().allMatch(v -> v.node().op() instanceof Carried);
    }

    static Place.Kind kind(Value v) {
        return Place.Kind.of(v.type());
    }

    /** Whether a value is rows of a fixed width. */
    static boolean rows(Value v) {
        return kind(v).ofRows();
    }

    /** Whether a value is rows without further axes than their width. */
    static boolean flat(Value v) {
        return rows(v) && v.type().rank() == 2;
    }

    static Parameter parameter(Node n, int i) {
        return (Parameter) n.in().get(i).node().op();
    }

    static Optional<Parameter> optional(Node n, int i) {
        return i < n.in().size() ? Optional.of(parameter(n, i)) : Optional.empty();
    }

    /** Whether each row is multiplied by the same weights. */
    static boolean byVector(Node n) {
        Value a = n.in().get(0);
        Value b = n.in().get(1);
        return rows(a)
                && a.type().rank() == 2
                && b.node().op() instanceof Parameter
                && b.type().rank() == 1
                && b.type().fixedSize() == a.type().fixedSize();
    }

    static boolean chooses(Node n) {
        Op vector = n.in().get(1).node().op();
        boolean zeros = vector instanceof Filled(double value, List<Dim> dims) && value == 0;
        return input(n.in().get(0)).isPresent() && rows(n.in().get(2)) && (vector instanceof Parameter || zeros);
    }

    static boolean alike(Node n) {
        Value a = n.in().get(0);
        Value b = n.in().get(1);
        return rows(a)
                && kind(a).equals(kind(b))
                && kind(n.value(0)).equals(kind(a))
                && a.type().fixedSize() == b.type().fixedSize()
                && a.type().rank() == b.type().rank()
                && a.type().fixedSize() == n.value(0).type().fixedSize();
    }

    static boolean table(Node n) {
        return n.in().get(0).node().op() instanceof Parameter
                && input(n.in().get(1)).isPresent();
    }

    static Optional<String> input(Value v) {
        return v.node().op() instanceof Input i ? Optional.of(i.input()) : Optional.empty();
    }

    static boolean scattersToInput(Node n) {
        return rows(n.in().get(0)) && input(n.in().get(1)).isPresent();
    }

    static boolean rowsOrLoose(Value v) {
        return kind(v).sort() != Place.Sort.FIXED;
    }
}
