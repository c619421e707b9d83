package dev.cutaway.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.graph.look.Evaluator;
import dev.cutaway.graph.look.Given;
import dev.cutaway.graph.op.AdditiveAttention;
import dev.cutaway.graph.op.Attention;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Choose;
import dev.cutaway.graph.op.Concat;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.CrossEntropy;
import dev.cutaway.graph.op.Depthwise;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Ein;
import dev.cutaway.graph.op.Filled;
import dev.cutaway.graph.op.First;
import dev.cutaway.graph.op.Gate;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Input;
import dev.cutaway.graph.op.LayerNorm;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.LogSoftmax;
import dev.cutaway.graph.op.Lstm;
import dev.cutaway.graph.op.LstmCell;
import dev.cutaway.graph.op.Mask;
import dev.cutaway.graph.op.MeanOfRows;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Permute;
import dev.cutaway.graph.op.Pick;
import dev.cutaway.graph.op.Picking;
import dev.cutaway.graph.op.PutFirst;
import dev.cutaway.graph.op.Reduce;
import dev.cutaway.graph.op.RelativeBias;
import dev.cutaway.graph.op.RelativeBuckets;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.RmsNorm;
import dev.cutaway.graph.op.Rotary;
import dev.cutaway.graph.op.Scan;
import dev.cutaway.graph.op.ScanBack;
import dev.cutaway.graph.op.Scatter;
import dev.cutaway.graph.op.Shift;
import dev.cutaway.graph.op.Slice;
import dev.cutaway.graph.op.Slope;
import dev.cutaway.graph.op.SoftCap;
import dev.cutaway.graph.op.Softmax;
import dev.cutaway.graph.op.Stretch;
import dev.cutaway.graph.op.Targets;
import dev.cutaway.graph.op.Unary;
import dev.cutaway.graph.op.Unpick;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.graph.op.WindowAttention;
import dev.cutaway.graph.op.WindowMask;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every operation's gradient against central differences of its value, both in double precision, over random shapes. */
class GradientsTest {
    private static final int SEEDS = 6;
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-7;

    /** Operations of which nothing is differentiated. */
    private static final Set<String> GIVEN =
            Set.of("Input", "Parameter", "Filled", "RelativeBuckets", "WindowMask", "RopeTable", "Targets", "Carried");

    /** One graph with random inputs. */
    private static final class Case {
        final GraphBuilder g = new GraphBuilder();
        final int rows;
        final int source;
        final Binding binding;
        final Map<Value, double[]> reals = new LinkedHashMap<>();
        final Map<Value, int[]> ints = new LinkedHashMap<>();
        final List<Value> differentiated = new ArrayList<>();

        Case(long seed) {
            RandomGenerator seeded = new java.util.SplittableRandom(seed);
            this.rows = 1 + seeded.nextInt(5);
            this.source = 1 + seeded.nextInt(5);
            this.binding = Binding.rows(rows, rows, source);
            this.seeded = seeded;
        }

        private final RandomGenerator seeded;

        int size() {
            return 1 + seeded.nextInt(4);
        }

        Dim dim(String label) {
            return Dim.of(label, size());
        }

        static Dim row() {
            return Dim.of(Space.ROWS);
        }

        static Dim key() {
            return Dim.of(Space.KEYS);
        }

        /** A real input away from 0, where some functions have a corner. */
        Value real(Dim... dims) {
            Value v = g.input("x" + reals.size(), Type.real(dims));
            double[] x = new double[count(v)];
            for (int i = 0; i < x.length; i++) {
                double u = seeded.nextGaussian();
                x[i] = Math.signum(u) * (0.05 + Math.abs(u));
            }
            reals.put(v, x);
            differentiated.add(v);
            return v;
        }

        Value positive(Dim... dims) {
            Value v = real(dims);
            double[] x = Objects.requireNonNull(reals.get(v));
            for (int i = 0; i < x.length; i++) {
                x[i] = 0.3 + Math.abs(x[i]);
            }
            return v;
        }

        private int count(Value v) {
            int n = 1;
            for (long s : v.type().shape(binding)) {
                n *= (int) s;
            }
            return n;
        }

        Value ints(int from, int to, Dim... dims) {
            Value v = g.input("i" + ints.size(), Type.integers(dims));
            int[] x = new int[count(v)];
            for (int i = 0; i < x.length; i++) {
                x[i] = from + seeded.nextInt(to - from);
            }
            ints.put(v, x);
            return v;
        }

        Value counting(Dim dim) {
            Value v = g.input("i" + ints.size(), Type.integers(dim));
            int[] x = new int[count(v)];
            for (int i = 0; i < x.length; i++) {
                x[i] = i;
            }
            ints.put(v, x);
            return v;
        }
    }

    /** Appends the operation and says what came out. */
    @FunctionalInterface
    private interface Build {
        Value of(Case c);
    }

    private static Map<String, List<Build>> cases() {
        Map<String, List<Build>> m = new LinkedHashMap<>();
        for (Binary b : Binary.values()) {
            m.put(
                    "Binary." + b,
                    List.of(
                            c -> {
                                Dim w = c.dim("w");
                                return c.g.add(b, c.real(Case.row(), w), c.positive(w));
                            },
                            c -> {
                                Dim w = c.dim("w");
                                return c.g.add(b, c.real(w), c.real(Case.row(), w));
                            },
                            c -> {
                                Dim w = c.dim("w");
                                Dim one = Dim.of("one", 1);
                                return c.g.add(b, c.real(Case.row(), one, w), c.real(Case.row(), c.dim("h"), one));
                            }));
        }
        for (Unary u : Unary.values()) {
            Build f = c ->
                    c.g.add(u, u == Unary.SQRT ? c.positive(Case.row(), c.dim("w")) : c.real(Case.row(), c.dim("w")));
            m.put("Unary." + u, List.of(f));
            if (u != Unary.STEP) {
                m.put("Slope." + u, List.of(c -> {
                    Dim w = c.dim("w");
                    Value x = u == Unary.SQRT ? c.positive(Case.row(), w) : c.real(Case.row(), w);
                    return c.g.add(new Slope(u), x, c.real(Case.row(), w));
                }));
            }
        }
        m.put(
                "Attention",
                List.of(
                        c -> attention(c, new Attention(0.7, true, 0, 0), false),
                        c -> attention(c, new Attention(1, true, 2, 1.5), true),
                        c -> attention(c, new Attention(0.3, false, 0, 0), true)));
        m.put("Cache", List.of(c -> c.g.add(new Cache("k", Space.KEYS), c.real(Case.row(), c.dim("h"), c.dim("e")))));
        m.put(
                "Choose",
                Stream.of(0, 1)
                        .<Build>map(at -> c -> {
                            Dim w = c.dim("w");
                            return c.g.add(new Choose(at), c.ints(0, 2, Case.row()), c.real(w), c.real(Case.row(), w));
                        })
                        .toList());
        m.put(
                "Concat",
                List.of(c -> c.g.add(
                        new Concat(),
                        c.real(Case.row(), c.dim("a")),
                        c.real(Case.row(), c.dim("b")),
                        c.real(Case.row(), c.dim("c")))));
        m.put(
                "Constant",
                List.of(
                        c -> c.g.add(Constant.scale(0.37), c.real(Case.row())),
                        c -> c.g.add(Constant.plus(2), c.real(Case.row())),
                        c -> c.g.add(new Constant(-1.5, 0.25), c.real(c.dim("w")))));
        m.put("Dropout", List.of(c -> {
            Value x = c.real(Case.row(), c.dim("w"), c.dim("v"));
            return c.g.add(new Dropout(0.4, 3), x, c.ints(-1, 1000, Dim.of(Space.SEQUENCES)));
        }));
        m.put("CrossEntropy", List.of(c -> entropy(c, 0), c -> entropy(c, 0.1)));
        m.put(
                "Ein",
                List.of(
                        c -> {
                            Dim i = c.dim("i");
                            return c.g.add(Ein.linear(), c.real(Case.row(), i), c.real(c.dim("o"), i));
                        },
                        c -> {
                            Dim k = c.dim("k");
                            Dim d = c.dim("d");
                            return c.g.add(
                                    new Ein("rkgd,skd->kgrs", "w", "p", "l"),
                                    c.real(Case.row(), k, c.dim("g"), d),
                                    c.real(Case.key(), k, d));
                        },
                        c -> {
                            Dim w = c.dim("w");
                            return c.g.add(
                                    new Ein("rc,rc->r", "w", "p", "l"), c.real(Case.row(), w), c.real(Case.row(), w));
                        }));
        Picking.Windows windows = new Picking.Windows(4, 4, 2, 1);
        List<Dim> grid = List.of(Dim.of(new Space("grid", 16)));
        List<Dim> inWindows = List.of(Dim.of(new Space("window", 4)), Dim.of("place", 4));
        Picking around = new Picking.Around(4, 4, 3);
        List<Dim> near = List.of(grid.getFirst(), Dim.of("place", 9));
        m.put(
                "Pick",
                List.of(
                        c -> c.g.add(new Pick(windows, grid, inWindows), c.real(grid.getFirst(), c.dim("w"))),
                        c -> c.g.add(new Pick(around, grid, near), c.real(grid.getFirst(), c.dim("w")))));
        m.put(
                "Unpick",
                List.of(c -> c.g.add(
                        new Unpick(around, grid, near), c.real(grid.getFirst(), Dim.of("place", 9), c.dim("w")))));
        m.put("WindowAttention", List.of(c -> {
            Dim row = Dim.of(new Space("position", 9));
            Dim head = c.dim("h");
            Dim size = c.dim("e");
            return c.g.add(
                    new WindowAttention(0.7, windows, 3, 3, row),
                    c.real(grid.getFirst(), head, size),
                    c.real(grid.getFirst(), head, size),
                    c.real(grid.getFirst(), head, size),
                    c.real(Dim.of("place", 9), head));
        }));
        m.put("Depthwise", List.of(c -> {
            Dim w = c.dim("w");
            Picking.Around three = new Picking.Around(4, 4, 3);
            return c.g.add(new Depthwise(three), c.real(grid.getFirst(), w), c.real(w, Dim.of("place", 9)), c.real(w));
        }));
        m.put("MeanOfRows", List.of(c -> c.g.add(new MeanOfRows(16), c.real(grid.getFirst(), c.dim("w")))));
        m.put(
                "Shift",
                Stream.of(false, true).<Build>map(back -> c -> shift(c, back)).toList());
        m.put("LstmCell", List.of(GradientsTest::cell));
        m.put(
                "Scan",
                Stream.of(false, true).<Build>map(back -> c -> scan(c, back)).toList());
        m.put("ScanBack", List.of(GradientsTest::scanBack));
        m.put("Lstm", List.of(c -> lstm(c, false, true), c -> lstm(c, true, true), c -> lstm(c, false, false)));
        m.put("AdditiveAttention", List.of(c -> {
            Dim one = Dim.of("head", 1);
            Dim a = c.dim("a");
            Dim source = Dim.of(Space.SOURCE);
            return c.g.add(
                    new AdditiveAttention(),
                    c.real(Case.row(), one, a),
                    c.real(source, one, a),
                    c.real(source, one, c.dim("w")),
                    c.real(one, a));
        }));
        m.put("First", List.of(c -> c.g.add(new First(), c.real(Case.row(), c.dim("w")))));
        m.put("PutFirst", List.of(c -> c.g.add(new PutFirst(Case.row()), c.real(Dim.of(Space.SEQUENCES), c.dim("w")))));
        m.put(
                "Gate",
                Stream.of(Unary.SILU, Unary.GELU_TANH)
                        .<Build>map(u -> c -> {
                            Dim w = c.dim("w");
                            return c.g.add(new Gate(u), c.real(Case.row(), w), c.real(Case.row(), w));
                        })
                        .toList());
        m.put(
                "Gather",
                List.of(
                        c -> {
                            int n = c.size();
                            return c.g.add(new Gather(), c.real(Dim.of("n", n), c.dim("w")), c.ints(0, n, Case.row()));
                        },
                        c -> {
                            int n = c.size();
                            return c.g.add(
                                    new Gather(),
                                    c.real(Dim.of("n", n), c.dim("w")),
                                    c.ints(0, n, Case.row(), Case.key()));
                        }));
        m.put(
                "Scatter",
                List.of(
                        c -> {
                            int n = c.size();
                            return c.g.add(
                                    new Scatter(Dim.of("n", n)),
                                    c.real(Case.row(), c.dim("w")),
                                    c.ints(0, n, Case.row()));
                        },
                        c -> {
                            int n = c.size();
                            Value x = c.real(Case.row(), Case.key(), c.dim("w"));
                            return c.g.add(new Scatter(Dim.of("n", n)), x, c.ints(0, n, Case.row(), Case.key()));
                        }));
        m.put("HeadsOut", List.of(c -> headsOut(c, false), c -> headsOut(c, true)));
        m.put(
                "LayerNorm",
                List.of(
                        c -> {
                            Dim w = Dim.of("w", 2 + c.size());
                            return c.g.add(new LayerNorm(0.01), c.real(Case.row(), w), c.real(w), c.real(w));
                        },
                        c -> {
                            Dim w = Dim.of("w", 2 + c.size());
                            return c.g.add(new LayerNorm(0.01), c.real(Case.row(), w), c.real(w));
                        }));
        m.put(
                "RmsNorm",
                Stream.of(0.0, 1.0)
                        .<Build>map(offset -> c -> {
                            Dim w = c.dim("w");
                            return c.g.add(new RmsNorm(0.01, offset), c.real(Case.row(), c.dim("h"), w), c.real(w));
                        })
                        .toList());
        m.put(
                "Linear",
                List.of(
                        c -> {
                            Dim i = c.dim("i");
                            Dim o = c.dim("o");
                            return c.g.add(new Linear(), c.real(Case.row(), i), c.real(o, i), c.real(o));
                        },
                        c -> {
                            Dim i = c.dim("i");
                            return c.g.add(new Linear(), c.real(Case.row(), i), c.real(c.dim("o"), i));
                        }));
        m.put(
                "Softmax",
                List.of(
                        c -> c.g.add(new Softmax(), c.real(Case.row(), c.dim("w"))),
                        c -> c.g.add(new Softmax(), c.real(c.dim("h"), Case.row(), Case.key()))));
        m.put("LogSoftmax", List.of(c -> c.g.add(new LogSoftmax(), c.real(Case.row(), c.dim("w")))));
        m.put(
                "Mask",
                Stream.of(new Mask(true, 0, 0), new Mask(true, 2, -3), new Mask(false, 1, 0))
                        .<Build>map(mask -> c -> c.g.add(
                                mask,
                                c.real(c.dim("h"), Case.row(), Case.key()),
                                c.counting(Case.row()),
                                c.counting(Case.key())))
                        .toList());
        m.put("Permute", List.of(c -> c.g.add(Permute.of(2, 0, 1), c.real(Case.row(), c.dim("a"), c.dim("b")))));
        m.put(
                "Reduce",
                List.of(
                        c -> c.g.add(Reduce.meanOfLast(), c.real(Case.row(), c.dim("w"))),
                        c -> c.g.add(Reduce.sum(1, "h"), c.real(Case.row(), c.dim("h"), c.dim("w"))),
                        c -> c.g.add(Reduce.sum(0, "row"), c.real(Case.row(), c.dim("w")))));
        m.put(
                "RelativeBias",
                List.of(c -> c.g.add(
                        new RelativeBias(new RelativeBuckets(true, 4, 6)),
                        c.real(Dim.of("bucket", 4), c.dim("h")),
                        c.counting(Case.row()),
                        c.counting(Case.key()))));
        m.put("Reshape", List.of(c -> {
            int a = c.size();
            int b = c.size();
            return c.g.add(
                    Reshape.to(Case.row(), Dim.of("ab", a * b)), c.real(Case.row(), Dim.of("a", a), Dim.of("b", b)));
        }));
        m.put(
                "Rotary",
                List.of(
                        c -> rotary(c, false, 0),
                        c -> rotary(c, true, 0),
                        c -> rotary(c, false, 3),
                        c -> rotary(c, true, 1)));
        m.put(
                "Slice",
                List.of(
                        c -> c.g.add(new Slice(0, 2), c.real(Case.row(), Dim.of("w", 2 + c.size()))),
                        c -> c.g.add(new Slice(1, 2), c.real(Case.row(), Dim.of("w", 2 + c.size()))),
                        c -> c.g.add(new Slice(1, 4), c.real(Case.row(), Dim.of("w", 4))),
                        c -> c.g.add(new Slice(0, 4), c.real(Case.row(), Dim.of("w", 4)))));
        m.put("SoftCap", List.of(c -> c.g.add(new SoftCap(1.3), c.real(Case.row(), c.dim("w")))));
        m.put(
                "Stretch",
                List.of(
                        c -> {
                            Dim w = c.dim("w");
                            return c.g.add(new Stretch(List.of(Case.row(), w)), c.real(w));
                        },
                        c -> c.g.add(
                                new Stretch(List.of(Case.row(), c.dim("w"))), c.real(Case.row(), Dim.of("one", 1)))));
        return m;
    }

    /** A value that all outputs reach, each in a way of its own. */
    private static Value mixed(Case c, Node n) {
        Value sum = c.g.add(Unary.SQUARE, n.value(0));
        for (int i = 1; i < n.out().size(); i++) {
            Value y = n.value(i);
            int width = y.type().size(-1);
            Value part = width == 1 ? y : c.g.add(new Slice(width - 1, width), y); // [row, 1]
            sum = c.g.add(Binary.ADD, sum, c.g.add(Binary.MULTIPLY, part, c.real(Dim.of("one", 1))));
        }
        return sum;
    }

    private static Value shift(Case c, boolean back) {
        Dim w = c.dim("w");
        Node n = c.g.addAll(new Shift(back), List.of(c.real(Case.row(), w), c.real(Dim.of(Space.SEQUENCES), w)), "");
        Value out = c.g.add(new PutFirst(Case.row()), n.value(1));
        return c.g.add(Binary.ADD, n.value(0), c.g.add(Constant.scale(1.7), out));
    }

    private static List<Value> ofCell(Case c, Dim row, int size) {
        Dim w = Dim.of("w", size);
        Dim gates = Dim.of("gates", 4 * size);
        return List.of(c.real(row, w), c.real(row, w), c.real(Case.row(), gates), c.real(gates, w));
    }

    private static Value cell(Case c) {
        return mixed(c, c.g.addAll(new LstmCell(), ofCell(c, Case.row(), c.size()), ""));
    }

    private static Value scan(Case c, boolean back) {
        List<Value> in = ofCell(c, Dim.of(Space.SEQUENCES), c.size());
        return mixed(c, c.g.addAll(new Scan(new LstmCell(), 2, 1, back), in, ""));
    }

    private static Value scanBack(Case c) {
        int size = c.size();
        Dim w = Dim.of("w", size);
        List<Value> in = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            in.add(c.real(Case.row(), i == 4 ? Dim.of("gates", 4 * size) : w));
        }
        in.addAll(ofCell(c, Case.row(), size));
        return mixed(c, c.g.addAll(new ScanBack(new LstmCell(), 2, 7), in, ""));
    }

    private static Value lstm(Case c, boolean back, boolean begins) {
        List<Value> all = ofCell(c, Dim.of(Space.SEQUENCES), c.size());
        List<Value> in = new ArrayList<>(all.subList(2, 4));
        if (begins) {
            in.addAll(all.subList(0, 2));
        } else {
            c.differentiated.removeAll(all.subList(0, 2));
        }
        return mixed(c, c.g.addAll(new Lstm(back), in, ""));
    }

    private static Value attention(Case c, Attention op, boolean biased) {
        int shared = c.size();
        int heads = shared * (1 + c.seeded.nextInt(2));
        Dim e = c.dim("e");
        Value q = c.real(Case.row(), Dim.of("head", heads), e);
        Value k = c.real(Case.key(), Dim.of("shared", shared), e);
        Value v = c.real(Case.key(), Dim.of("shared", shared), c.dim("out"));
        Value rows = c.counting(Case.row());
        Value keys = c.counting(Case.key());
        return biased
                ? c.g.add(op, q, k, v, rows, keys, c.real(Dim.of("head", heads), Case.row(), Case.key()))
                : c.g.add(op, q, k, v, rows, keys);
    }

    private static Value entropy(Case c, double smoothing) {
        int n = c.size();
        Value labels = c.ints(-1, n, Case.row());
        return c.g.add(new CrossEntropy(smoothing), c.real(Case.row(), Dim.of("class", n)), labels);
    }

    private static Value headsOut(Case c, boolean bias) {
        int h = c.size();
        int e = c.size();
        Dim o = c.dim("o");
        Value z = c.real(Case.row(), Dim.of("head", h), Dim.of("size", e));
        Value w = c.real(o, Dim.of("heads", h * e));
        return bias ? c.g.add(new HeadsOut(), z, w, c.real(o)) : c.g.add(new HeadsOut(), z, w);
    }

    private static Value rotary(Case c, boolean interleaved, int rest) {
        Dim pair = c.dim("pair");
        int size = 2 * ((Dim.Size) pair).value() + rest;
        return c.g.add(
                new Rotary(interleaved),
                c.real(Case.row(), c.dim("h"), Dim.of("e", size)),
                c.real(Case.row(), pair),
                c.real(Case.row(), pair));
    }

    @TestFactory
    Stream<DynamicTest> everyOperationAgainstDifferences() {
        return cases().entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    for (Build b : e.getValue()) {
                        for (int seed = 0; seed < SEEDS; seed++) {
                            check(e.getKey(), b, seed);
                        }
                    }
                }));
    }

    /** The gradient of a gradient: operations are closed under differentiation. */
    @TestFactory
    Stream<DynamicTest> gradientsHaveGradients() {
        return cases().entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    Case c = new Case(3);
                    Value y = e.getValue().getFirst().of(c);
                    Gradients first = Gradients.of(c.g.build(), weighted(c, y));
                    Value x = c.differentiated.getFirst();
                    Optional<Value> dx = first.gradient(x);
                    if (dx.isPresent()) {
                        GraphBuilder g = GraphBuilder.extending(first.graph());
                        Value again = total(g, g.add(Unary.SQUARE, dx.get()));
                        compare(e.getKey() + ", twice", c, g.build(), again, 1e-5);
                    }
                }));
    }

    @Test
    void everyOperationIsTested() throws IOException, URISyntaxException {
        Set<String> tested = new TreeSet<>(cases().keySet());
        tested.addAll(GIVEN);
        Set<String> all = new TreeSet<>();
        Path classes = Path.of(
                Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.list(classes.resolve("dev/cutaway/graph/op"))) {
            for (Path f : files.toList()) {
                add(all, f.getFileName().toString());
            }
        }
        assertThat(all).hasSizeGreaterThan(40);
        assertThat(tested).as("tested, and all there are").isEqualTo(all);
    }

    private static void add(Set<String> all, String file) {
        if (!file.endsWith(".class") || file.contains("$")) {
            return;
        }
        Class<?> c;
        try {
            c = Class.forName("dev.cutaway.graph.op." + file.substring(0, file.length() - 6));
        } catch (ClassNotFoundException e) {
            return; // package-info
        }
        if (!Op.class.isAssignableFrom(c) || c.isInterface()) {
            return;
        }
        if (c.equals(Slope.class)) {
            Stream.of(Unary.values()).filter(u -> u != Unary.STEP).forEach(u -> all.add("Slope." + u));
        } else if (c.isEnum()) {
            for (Object constant : c.getEnumConstants()) {
                all.add(c.getSimpleName() + "." + constant);
            }
        } else {
            all.add(c.getSimpleName());
        }
    }

    @Test
    void aRowThatLookupsDoNotTrainHasNoGradientOfThem() {
        Case c = new Case(1);
        Value table = c.real(Dim.of("n", 3), Dim.of("w", 2));
        Value ids = c.ints(0, 3, Case.row());
        int[] given = Objects.requireNonNull(c.ints.get(ids));
        given[0] = 1;
        Value loss = total(c.g, c.g.add(new Gather(1), table, ids));
        Gradients d = Gradients.of(c.g.build(), loss);
        double[] got = evaluator(c, d.graph())
                .value(d.graph().inOpened(d.gradient(table).orElseThrow()));
        for (int i = 0; i < got.length; i++) {
            int row = i / 2;
            long lookups =
                    java.util.Arrays.stream(given).filter(id -> id == row).count();
            assertThat(got[i]).isEqualTo(row == 1 ? 0.0 : (double) lookups);
        }
    }

    @Test
    void aFixedWeightHasNoGradient() {
        GraphBuilder g = new GraphBuilder();
        Dim one = Dim.of("one", 1);
        Value w = g.add(new Parameter(WeightSource.whole("w"), List.of(one)));
        Value fixed = g.add(new Parameter(WeightSource.whole("b"), List.of(one), true));
        Value loss = g.add(Binary.MULTIPLY, w, fixed);
        Graph graph = g.build();
        assertThat(Gradients.of(graph, loss).ofParameters()).containsOnlyKeys(w);
        assertThat(Gradients.of(graph, loss, p -> true).ofParameters()).containsOnlyKeys(w);
    }

    @Test
    void whatIsGivenHasNoGradient() {
        assertThat(Stream.of(
                                new Filled(1, List.of()).gradient(),
                                new Input("x", Type.real()).gradient(),
                                new Parameter(WeightSource.whole("w"), List.of()).gradient(),
                                new RelativeBuckets(true, 4, 8).gradient(),
                                new WindowMask(new Picking.Windows(2, 2, 2, 1), List.of()).gradient(),
                                new Targets(Dim.of("c", 2), 0).gradient())
                        .toList())
                .allMatch(GradientRule.NONE::equals);
    }

    /** The sum over all elements, each with a random weight of its own. */
    private static Value weighted(Case c, Value y) {
        Value w = c.real(y.type().dims().toArray(Dim[]::new));
        c.differentiated.remove(w);
        return total(c.g, c.g.add(Binary.MULTIPLY, y, w));
    }

    private static Value total(GraphBuilder g, Value y) {
        Value x = y;
        while (x.type().rank() > 1) {
            x = g.add(Reduce.sum(0, "row"), x);
        }
        return g.add(Reduce.sum(0, "all"), g.add(Reshape.to(x.type().dim(0), Dim.of("one", 1)), x));
    }

    private static void check(String name, Build b, long seed) {
        Case c = new Case(seed);
        Value y = b.of(c);
        Value loss = weighted(c, y);
        compare(name + ", seed " + seed, c, c.g.build(), loss, TOLERANCE);
    }

    private static void compare(String name, Case c, Graph forward, Value loss, double tolerance) {
        Gradients gradients = Gradients.of(forward, loss);
        Graph opened = gradients.graph().opened();
        DoubleEvaluator exact = evaluator(c, gradients.graph());
        boolean some = false;
        for (Value x : c.differentiated) {
            Optional<Value> d = gradients.gradient(x);
            double[] numbers = Objects.requireNonNull(c.reals.get(x));
            double[] got =
                    d.map(v -> exact.value(gradients.graph().inOpened(v))).orElse(new double[numbers.length]);
            some |= d.isPresent();
            assertThat(got).hasSameSizeAs(numbers);
            for (int i = 0; i < numbers.length; i++) {
                double was = numbers[i];
                numbers[i] = was + STEP;
                double up =
                        evaluator(c, gradients.graph()).value(gradients.graph().inOpened(loss))[0];
                numbers[i] = was - STEP;
                double down =
                        evaluator(c, gradients.graph()).value(gradients.graph().inOpened(loss))[0];
                numbers[i] = was;
                double want = (up - down) / (2 * STEP);
                assertThat(Math.abs(got[i] - want))
                        .as(
                                "%s: %s[%d] is %s, differences say %s",
                                name, x.node().op(), i, got[i], want)
                        .isLessThan(tolerance * (1 + Math.abs(want)));
            }
            d.ifPresent(v -> single(name, c, opened, gradients.graph().inOpened(v), got));
        }
        assertThat(some || name.contains("STEP") || name.contains("twice"))
                .as(name)
                .isTrue();
    }

    private static DoubleEvaluator evaluator(Case c, Graph g) {
        DoubleEvaluator e = new DoubleEvaluator(c.binding);
        c.reals.forEach((v, x) -> e.give(g.inOpened(v), x));
        c.ints.forEach((v, x) -> e.give(g.inOpened(v), x));
        return e;
    }

    /** The evaluator in single precision gives the same. */
    private static void single(String name, Case c, Graph opened, Value d, double[] want) {
        Map<String, Tensor> in = new HashMap<>();
        c.reals.forEach((v, x) -> {
            float[] f = new float[x.length];
            for (int i = 0; i < f.length; i++) {
                f[i] = (float) x[i];
            }
            in.put(((Input) v.node().op()).input(), Tensor.of(f, v.type().shape(c.binding)));
        });
        c.ints.forEach((v, x) -> in.put(
                ((Input) v.node().op()).input(), Tensor.ofInts(x, v.type().shape(c.binding))));
        float[] got = new Evaluator(opened, c.binding, new Inputs(in), Map.of())
                .value(d)
                .toFloats();
        double most = 1e-3;
        for (double w : want) {
            most = Math.max(most, Math.abs(w));
        }
        for (int i = 0; i < got.length; i++) {
            assertThat((double) got[i])
                    .as("%s in single precision", name)
                    .isCloseTo(want[i], org.assertj.core.data.Offset.offset(2e-3 * most));
        }
    }

    private record Inputs(Map<String, Tensor> in) implements Given {
        @Override
        public Optional<Tensor> value(Value v) {
            return v.node().op() instanceof Input i ? Optional.ofNullable(in.get(i.input())) : Optional.empty();
        }

        @Override
        public Optional<PackedMatrix> packed(Parameter p) {
            return Optional.empty();
        }

        @Override
        public Place place(Parameter p, long[] index) {
            return new Place("", index, "");
        }
    }

    @Test
    void gradientsAreNamedAfterWhatTheyAreOf() {
        Case c = new Case(1);
        Dim w = Dim.of("w", 4);
        Value x = c.g.name("hook_embed", c.real(Case.row(), w));
        c.g.beginBlock(x);
        Value n = c.g.addScoped("blocks.0.ln1.", new RmsNorm(0.01, 0), x, c.real(w));
        Value q = c.g.name("blocks.0.attn.hook_q", c.g.add(Reshape.to(Case.row(), Dim.of("head", 1), w), n));
        Value z = c.g.addScoped(
                "blocks.0.attn.",
                new Attention(0.5, true, 0, 0),
                q,
                c.g.add(new Cache("k", Space.KEYS), q),
                c.g.add(new Cache("v", Space.KEYS), q),
                c.counting(Case.row()),
                c.counting(Case.key()));
        c.g.endBlocks();
        Value y = c.g.name("logits", c.g.add(Reshape.to(Case.row(), w), z));
        Value loss = weighted(c, y);
        Graph forward = c.g.build();
        Gradients d = Gradients.of(forward, loss);
        assertThat(d.graph().opened().names())
                .containsKeys(
                        "grad.hook_embed",
                        "grad.blocks.0.ln1.hook_scale",
                        "grad.blocks.0.ln1.hook_normalized",
                        "grad.blocks.0.attn.hook_q",
                        "grad.blocks.0.attn.hook_attn_scores",
                        "grad.blocks.0.attn.hook_pattern",
                        "grad.blocks.0.attn.hook_z",
                        "grad.logits");
        assertThat(d.graph().nodes().subList(0, forward.nodes().size())).isEqualTo(forward.nodes());
        assertThat(d.graph().require("grad.blocks.0.attn.hook_q").node().block())
                .isEqualTo(0);
        // Opened, what backward needs of forward is not computed twice.
        long softmaxes = d.graph().opened().nodes().stream()
                .filter(k -> k.op() instanceof Softmax)
                .count();
        assertThat(softmaxes).isEqualTo(1);
    }

    @Test
    void gradientsAreOfOneNumber() {
        Case c = new Case(1);
        Value x = c.real(Case.row());
        assertThatThrownBy(() -> Gradients.of(c.g.build(), x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[position]");
    }
}
