package dev.cutaway.graph.learn;

import dev.cutaway.graph.GradOf;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Filled;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes steps of recurrent layers and of the attention that goes with them; a part of {@link Lowering}. */
final class Recurrences {
    private final Lowering l;
    /** What passes forward have left, by what they read. */
    private final Map<List<Value>, LstmSteps.Kept> kept = new HashMap<>();

    Recurrences(Lowering l) {
        this.l = l;
    }

    /** What steps of a recurrent layer's node read: not what it begins with, which is nothing, nor gradients that are zeros. Empty for others. */
    static Optional<List<Value>> inputs(Node n) {
        if (n.op() instanceof Lstm) {
            return Optional.of(n.in().subList(0, 2));
        }
        if (!(n.op() instanceof GradOf(var of, int inputs)) || !(of instanceof Lstm)) {
            return Optional.empty();
        }
        List<Value> read = new ArrayList<>(n.in().subList(0, 2));
        n.in().subList(inputs, n.in().size()).stream()
                .filter(d -> !zeros(d) || d.equals(n.in().get(inputs)))
                .forEach(read::add);
        return Optional.of(read);
    }

    private static boolean zeros(Value v) {
        return v.node().op() instanceof Filled f && f.value() == 0;
    }

    private LstmSteps.Kept kept(List<Value> in, Lstm op) {
        LstmSteps.Kept known = kept.get(in);
        if (known != null) {
            return known;
        }
        Place x = l.in(in.get(0));
        Parameter weight = (Parameter) in.get(1).node().op();
        int width = in.get(1).type().size(1);
        LstmSteps.Kept made = new LstmSteps.Kept(
                l.room(x.kind, 4 * width), l.room(x.kind, width), l.room(x.kind, width), weight, op.backwards());
        l.emit(new LstmSteps.Forward(x, made), x, made.gates(), made.cells(), made.states());
        kept.put(List.copyOf(in), made);
        return made;
    }

    void forward(Node n, Lstm op) {
        LstmSteps.Kept k = kept(n.in(), op);
        for (int i = 0; i < 2; i++) {
            if (l.read(n, i)) {
                Place from = i == 0 ? k.states() : k.cells();
                Place to = l.place(n.value(i));
                l.emit(new LstmSteps.Unpack(k, from, to), from, to);
            }
        }
    }

    void back(Node n, Lstm op, int inputs) {
        LstmSteps.Kept k = kept(n.in().subList(0, inputs), op);
        kept.remove(n.in().subList(0, inputs)); // its gates are overwritten
        Place dy = l.in(n.in().get(inputs));
        Value dCellValue = n.in().get(inputs + 1);
        Optional<Place> dCell = zeros(dCellValue) ? Optional.empty() : Optional.of(l.in(dCellValue));
        Place dStates = l.room(dy.kind, k.width());
        Place dCells = l.room(dy.kind, k.width());
        Optional<Value> sum = l.wantedSum(n, 1);
        Optional<Place> before = sum.map(s -> l.room(dy.kind, k.width()));
        Optional<Place> dx = l.read(n, 0) ? Optional.of(l.place(n.value(0))) : Optional.empty();
        List<Place> touched = new ArrayList<>(List.of(dy, dStates, dCells, k.gates(), k.cells(), k.states()));
        dCell.ifPresent(touched::add);
        before.ifPresent(touched::add);
        dx.ifPresent(touched::add);
        l.emit(new LstmSteps.Backward(k, dy, dCell, dStates, dCells, before, sum, dx), touched.toArray(Place[]::new));
    }

    private AdditiveSteps.Given given(Node n) {
        return new AdditiveSteps.Given(l.in(n.in().get(0)), l.in(n.in().get(1)), l.in(n.in().get(2)), (Parameter)
                n.in().get(3).node().op());
    }

    /** A node of {@link AdditiveAttention}. */
    void attend(Node n) {
        AdditiveSteps.Given g = given(n);
        Place z = l.place(n.value(0));
        l.emit(new AdditiveSteps.Attend(g, z), g.q(), g.k(), g.v(), z);
    }

    void attendBack(Node n) {
        AdditiveSteps.Given g = given(n);
        Place dz = l.in(n.in().get(4));
        Place dq = l.place(n.value(0));
        Place dk = l.place(n.value(1));
        Place dv = l.place(n.value(2));
        Optional<Value> sum = l.wantedSum(n, 3);
        Optional<Place> dWeight = sum.map(s -> l.room(Place.Kind.SEQUENCES, g.size()));
        l.emit(new AdditiveSteps.AttendBack(g, dz, dq, dk, dv, dWeight), g.q(), g.k(), g.v(), dz, dq, dk, dv);
        dWeight.ifPresent(d -> {
            d.lastUse = l.steps.size();
            l.emit(new Products.ColumnSum(d, sum.orElseThrow()), d);
        });
    }
}
