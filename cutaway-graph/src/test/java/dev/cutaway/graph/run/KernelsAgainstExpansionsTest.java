package dev.cutaway.graph.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Space;
import dev.cutaway.graph.Type;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Carried;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.RelativeBias;
import dev.cutaway.graph.op.RelativeBuckets;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.RopeFrequencies;
import dev.cutaway.graph.op.RopeTable;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.SoftCap;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds what a plan runs for an operation to the operation's own expansion, over awkward shapes: one row, primes, multiples of
 * the vector width and their neighbours, an empty cache and a long one. A fast path that drifts from what is shown fails here.
 */
class KernelsAgainstExpansionsTest {
    private static final double TOLERANCE = 2e-5;

    /** Random numbers for every weight and input, by name; the same for plan and expansion. */
    private static final class Numbers implements Weights, Given {
        private final Map<String, Tensor> given = new HashMap<>();
        private final Random random;

        Numbers(long seed) {
            random = new Random(seed);
        }

        Tensor normal(long... shape) {
            long n = 1;
            for (long d : shape) {
                n *= d;
            }
            float[] x = new float[(int) n];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextGaussian();
            }
            return Tensor.of(x, shape);
        }

        @Override
        public Tensor tensor(Parameter p) {
            return given.computeIfAbsent(
                    p.source().name(), k -> normal(Type.real(p.dims()).shape(Binding.rows(1, 1))));
        }

        @Override
        public Tensor vector(Parameter p) {
            return tensor(p);
        }

        @Override
        public PackedMatrix packed(Parameter p, Optional<Parameter> bias) {
            return PackedMatrix.of(tensor(p)).withBias(bias.map(this::vector));
        }

        @Override
        public boolean isPacked(Parameter p) {
            return false;
        }

        @Override
        public Optional<Tensor> value(Value v) {
            return switch (v.node().op()) {
                case Parameter p -> Optional.of(tensor(p));
                case Input i -> Optional.ofNullable(given.get(i.input()));
                default -> Optional.empty();
            };
        }

        @Override
        public Optional<PackedMatrix> packed(Parameter p) {
            return Optional.empty();
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return new Place(p.source().name(), index, "");
        }
    }

    @FunctionalInterface
    private interface Build {
        Value of(GraphBuilder g);
    }

    private static Value rows(GraphBuilder g, String name, Dim... rest) {
        Dim[] dims = new Dim[rest.length + 1];
        dims[0] = Dim.of(Space.ROWS);
        System.arraycopy(rest, 0, dims, 1, rest.length);
        return g.input(name, Type.real(dims));
    }

    private static Value weight(GraphBuilder g, String name, int... shape) {
        Dim[] dims = new Dim[shape.length];
        for (int i = 0; i < shape.length; i++) {
            dims[i] = Dim.of("d" + i, shape[i]);
        }
        return g.add(new Parameter(WeightSource.whole(name), List.of(dims)));
    }

    /** Runs {@code past} rows and then {@code rows} more by the plan; compares the latter with the expansion of all rows. */
    private static void check(int past, int rows, Build build) {
        GraphBuilder b = new GraphBuilder();
        b.name("y", build.of(b));
        Graph g = b.build();
        Numbers numbers = new Numbers(past * 1000L + rows);
        int all = past + rows;
        int[] index = new int[all];
        for (int i = 0; i < all; i++) {
            index[i] = i;
        }
        for (String name : List.of("row", "key", "position")) {
            numbers.given.put(name, Tensor.ofInts(index, all));
        }
        g.nodes().forEach(n -> {
            if (n.op() instanceof Input i && !i.type().integer()) {
                numbers.given.put(i.input(), numbers.normal(i.type().shape(Binding.rows(all, all))));
            }
        });
        float[] expected = new Evaluator(g.opened(), Binding.rows(all, all), numbers, Map.of())
                .value(g.inOpened(g.require("y")))
                .slice(0, past, all)
                .toFloats();
        Plan plan = new Plan(g, numbers, List.of("y"));
        try (Pool pool = new Pool(1)) {
            plan.prepare(pool);
        }
        try (Pool pool = new Pool(2);
                Plan.Runner runner = plan.new Runner(pool, Kernels.get());
                SequenceState state = plan.newSequence(false)) {
            if (past > 0) {
                step(runner, state, numbers, g, 0, past);
            }
            step(runner, state, numbers, g, past, all);
            float[] got = runner.output("y").toFloats();
            assertThat(got).hasSameSizeAs(expected);
            double scale = 1;
            for (float x : expected) {
                scale = Math.max(scale, Math.abs(x));
            }
            for (int i = 0; i < got.length; i++) {
                assertThat((double) Math.abs(got[i] - expected[i]))
                        .as("element %d", i)
                        .isLessThan(TOLERANCE * scale);
            }
        }
    }

    private static void step(Plan.Runner runner, SequenceState state, Numbers numbers, Graph g, int from, int to) {
        Batch batch = new Batch().want(Batch.Wanted.ALL).add(state, to - from);
        g.nodes().forEach(n -> {
            if (n.op() instanceof Input i && !i.type().integer()) {
                batch.put(
                        i.input(),
                        java.util.Objects.requireNonNull(numbers.given.get(i.input()))
                                .slice(0, from, to));
            }
        });
        for (int r = from; r < to; r++) {
            batch.put("position", r - from, r);
        }
        runner.run(batch);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 9, 31, 32, 33, 97, 127, 129})
    void norms(int width) {
        for (int rows : new int[] {1, 2, 13}) {
            check(
                    0,
                    rows,
                    g -> g.add(new RmsNorm(0.01, 1), rows(g, "x", Dim.of("w", width)), weight(g, "gain", width)));
            check(
                    0,
                    rows,
                    g -> g.add(
                            new LayerNorm(0.02),
                            rows(g, "x", Dim.of("w", width)),
                            weight(g, "gain", width),
                            weight(g, "bias", width)));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,33", "2,31", "7,8", "9,7", "17,97", "32,64", "63,65", "131,33"})
    void products(int in, int out) {
        for (int rows : new int[] {1, 2, 5, 7, 8, 9, 17}) {
            check(
                    0,
                    rows,
                    g -> g.add(
                            new Linear(),
                            rows(g, "x", Dim.of("in", in)),
                            weight(g, "w", out, in),
                            weight(g, "b", out)));
            check(0, rows, g -> {
                Value x = rows(g, "x", Dim.of("in", in));
                Value both = g.add(
                        Binary.ADD,
                        g.add(new Linear(), x, weight(g, "w", out, in)),
                        g.add(new Linear(), x, weight(g, "u", out, in)));
                return g.add(new Gate(Unary.SILU), both, g.add(new Linear(), x, weight(g, "v", out, in)));
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Unary.class)
    void functions(Unary f) {
        for (int width : new int[] {1, 7, 8, 9, 33}) {
            if (f != Unary.SQRT) { // of what is not negative: only norms use it
                check(0, 3, g -> g.add(f, rows(g, "x", Dim.of("w", width))));
                check(
                        0,
                        3,
                        g -> g.add(new Gate(f), rows(g, "x", Dim.of("w", width)), rows(g, "y", Dim.of("w", width))));
            }
        }
    }

    @Test
    void scalesAndCaps() {
        for (Op op : List.of(Constant.scale(0.37), Constant.plus(2), new SoftCap(1.5), new Constant(2, -1))) {
            check(0, 3, g -> g.add(op, rows(g, "x", Dim.of("w", 17))));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "3,5,4", "4,9,11", "2,16,33"})
    void outputOfHeads(int heads, int size, int out) {
        for (int rows : new int[] {1, 9}) {
            check(
                    0,
                    rows,
                    g -> g.add(
                            new HeadsOut(),
                            rows(g, "z", Dim.of("head", heads), Dim.of("size", size)),
                            weight(g, "o", out, heads * size),
                            weight(g, "b", out)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        // width, past, rows, backwards
        "1,0,1,false",
        "1,3,2,false",
        "7,0,9,true",
        "8,5,1,false",
        "17,0,4,false",
        "31,2,13,false",
        "33,1,1,false",
        "1,70,3,false",
        "64,0,19,true"
    })
    void longShortTermMemory(int width, int past, int rows, boolean backwards) {
        check(past, rows, g -> {
            Value x = rows(g, "x", Dim.of("gates", 4 * width));
            Value w = g.add(Constant.scale(1), x);
            Value u = weight(g, "u", 4 * width, width);
            if (backwards) {
                var n = g.addAll(new Lstm(true), List.of(w, u), "");
                return g.add(Binary.ADD, n.value(0), n.value(1));
            }
            Value state = g.add(new Carried("state", width));
            Value cell = g.add(new Carried("cell", width));
            var n = g.addAll(new Lstm(false), List.of(w, u, state, cell), "");
            Dim one = Dim.of("head", 1);
            for (int i = 0; i < 2; i++) {
                Value kept = g.add(Reshape.to(Dim.of(Space.ROWS), one, Dim.of("w", width)), n.value(i));
                g.add(new Cache(i == 0 ? "state" : "cell", Space.KEYS), kept);
            }
            return g.add(Binary.ADD, n.value(0), n.value(1));
        });
    }

    private record Plain(int pairs) implements RopeFrequencies {
        @Override
        public double[] frequencies(int length) {
            double[] f = new double[pairs];
            for (int i = 0; i < pairs; i++) {
                f[i] = Math.pow(100, -(double) i / pairs);
            }
            return f;
        }

        @Override
        public double factor(int length) {
            return 0.9;
        }

        @Override
        public boolean changes(int from, int to) {
            return false;
        }

        @Override
        public String words() {
            return "base 100";
        }
    }

    @ParameterizedTest
    @CsvSource({"2,1,false", "10,5,false", "10,3,false", "10,5,true", "11,4,true", "64,32,false", "64,16,true"})
    void rotations(int size, int pairs, boolean interleaved) {
        for (int rows : new int[] {1, 9}) {
            check(4, rows, g -> {
                Value position = g.input("position", Type.integers(Dim.of(Space.ROWS)));
                var table = g.addAll(new RopeTable(new Plain(pairs)), List.of(position), "");
                Value x = rows(g, "x", Dim.of("head", 3), Dim.of("size", size));
                return g.add(new Rotary(interleaved), x, table.value(0), table.value(1));
            });
        }
    }

    @ParameterizedTest
    @CsvSource({
        // heads, key heads, size, past, rows, causal, window, cap
        "1,1,1,0,1,true,0,0",
        "2,1,5,0,7,true,0,0",
        "9,3,64,0,17,true,0,0",
        "9,3,64,130,1,true,0,0",
        "4,2,10,15,3,true,0,3",
        "4,4,8,16,5,true,6,0",
        "6,2,31,33,2,true,7,2",
        "3,3,16,0,19,false,0,0",
        "2,2,7,1,1,true,1,0",
        "4,1,33,257,9,true,100,0",
    })
    void attention(int heads, int shared, int size, int past, int rows, boolean causal, int window, double cap) {
        check(past, rows, g -> {
            Value[] in = attentionInputs(g, heads, shared, size);
            return g.add(new Attention(0.3, causal, window, cap), in);
        });
    }

    private static Value[] attentionInputs(GraphBuilder g, int heads, int shared, int size) {
        Value q = rows(g, "q", Dim.of("head", heads), Dim.of("size", size));
        Value k = rows(g, "k", Dim.of("head", shared), Dim.of("size", size));
        Value v = rows(g, "v", Dim.of("head", shared), Dim.of("size", size));
        Value row = g.input("row", Type.integers(Dim.of(Space.ROWS)));
        Value key = g.input("key", Type.integers(Dim.of(Space.KEYS)));
        return new Value[] {q, g.add(new Cache("k", Space.KEYS), k), g.add(new Cache("v", Space.KEYS), v), row, key};
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,12", "5,1", "19,4", "530,3"})
    void attentionWithRelativePositions(int past, int rows) {
        check(past, rows, g -> {
            Value[] in = attentionInputs(g, 4, 4, 6);
            Value bias =
                    g.add(new RelativeBias(new RelativeBuckets(false, 8, 20)), weight(g, "table", 8, 4), in[3], in[4]);
            return g.add(new Attention(1, true, 0, 0), in[0], in[1], in[2], in[3], in[4], bias);
        });
    }

    @Test
    void reshapesCostNothingAndChangeNothing() {
        check(0, 5, g -> {
            Value x = rows(g, "x", Dim.of("w", 12));
            Value heads = g.add(Reshape.to(Dim.of(Space.ROWS), Dim.of("head", 3), Dim.of("size", 4)), x);
            Value normed = g.add(new RmsNorm(0.1, 0), heads, weight(g, "gain", 4));
            return g.add(Reshape.to(Dim.of(Space.ROWS), Dim.of("w", 12)), normed);
        });
    }
}
