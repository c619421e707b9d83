package dev.cutaway.model;

import dev.cutaway.graph.Binding;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Op;
import dev.cutaway.graph.Primitive;
import dev.cutaway.graph.op.Cache;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.arch.Architecture;
import dev.cutaway.model.arch.Architectures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a model is made of, read from its graph with shapes only: no weights are needed.
 *
 * @param name the model
 * @param architecture its {@code model_type}
 * @param sizes its sizes
 * @param rows parameters by component
 * @param parameters all parameters; a tied matrix counts once
 * @param matrices parameters of matrices only: without biases, norms and position tables; a tied one counts for each use
 * @param tied whether the unembedding is the embedding
 * @param macsPerToken multiply-adds for one token that sees one key (an empty context)
 * @param macsPerTokenFull multiply-adds for one token at the end of a full context
 * @param cacheBytesPerToken bytes that each token leaves in the cache (float32)
 * @param recordBytesPerToken bytes that recording adds per token
 * @param constants the operations that have constants, with them
 */
public record Description(
        String name,
        String architecture,
        Sizes sizes,
        List<Row> rows,
        long parameters,
        long matrices,
        boolean tied,
        long macsPerToken,
        long macsPerTokenFull,
        long cacheBytesPerToken,
        long recordBytesPerToken,
        List<String> constants) {
    /**
     * Parameters of one component.
     *
     * @param component such as {@code attention.query}
     * @param shape of one of them
     * @param count how many there are
     * @param parameters of all of them together
     * @param matrix whether they count as matrices
     * @param shared whether they are another row's numbers used again (a tied unembedding): a matrix more, no memory
     */
    public record Row(String component, String shape, int count, long parameters, boolean matrix, boolean shared) {}

    public Description {
        rows = List.copyOf(rows);
        constants = List.copyOf(constants);
    }

    /** Describes a configuration alone. */
    public static Description of(Path configFile) {
        Config c = ModelFiles.json(configFile);
        Architecture a = Architectures.of(c);
        Sizes s = Model.sizes(a, c);
        dev.cutaway.graph.GraphBuilder g = new dev.cutaway.graph.GraphBuilder();
        a.build(c, n -> true, g);
        return of(g.build(), s, configFile.toString(), c, a);
    }

    static Description of(Graph graph, Sizes sizes, String name, Config config, Architecture architecture) {
        Map<String, List<Parameter>> byComponent = new LinkedHashMap<>();
        Set<Parameter> tables = new LinkedHashSet<>();
        Set<Parameter> looked = new LinkedHashSet<>();
        Set<Parameter> multiplied = new LinkedHashSet<>();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Parameter p) {
                byComponent
                        .computeIfAbsent(component(p), k -> new ArrayList<>())
                        .add(p);
            } else if (n.op() instanceof Gather && n.in().getFirst().node().op() instanceof Parameter p) {
                looked.add(p);
                if (p.dims().getFirst().label().equals("position")
                        || p.dims().getFirst().label().equals("type")) {
                    tables.add(p);
                }
            } else if (n.in().size() > 1 && n.in().get(1).node().op() instanceof Parameter p) {
                multiplied.add(p);
            }
        }
        List<Row> rows = byComponent.entrySet().stream()
                .map(e -> row(e.getKey(), e.getValue(), tables))
                .toList();
        rows = withShared(rows, looked, multiplied);
        long all = rows.stream()
                .filter(r -> !r.shared())
                .mapToLong(Row::parameters)
                .sum();
        long matrices =
                rows.stream().filter(Row::matrix).mapToLong(Row::parameters).sum();
        boolean tied = rows.stream().anyMatch(Row::shared);
        int width = sizes.width();
        long cache = graph.nodes().stream()
                .filter(n -> n.op() instanceof Cache)
                .mapToLong(n -> 4 * n.out().getFirst().fixedSize())
                .sum();
        return new Description(
                name,
                architecture.name(),
                sizes,
                rows,
                all,
                matrices,
                tied,
                macs(graph, 1),
                macs(graph, sizes.context()),
                cache,
                4L * width * graph.blockInputs().size(),
                constants(graph));
    }

    /** Adds tables that are multiplied by as well as looked up, which the well-known ledgers count twice. */
    private static List<Row> withShared(List<Row> rows, Set<Parameter> looked, Set<Parameter> multiplied) {
        List<Row> all = new ArrayList<>(rows);
        for (Parameter p : looked) {
            if (multiplied.contains(p)) {
                dev.cutaway.graph.Type t = dev.cutaway.graph.Type.real(p.dims());
                all.add(new Row(component(p) + " as unembedding (tied)", t.toString(), 1, t.fixedSize(), true, true));
            }
        }
        return all;
    }

    private static String component(Parameter p) {
        String n = p.source().name().replaceAll("\\.\\d+\\.", ".*.");
        boolean part = p.source().to() >= 0;
        return part ? n + " (rows " + p.source().from() + " to " + p.source().to() + ")" : n;
    }

    private static Row row(String component, List<Parameter> ps, Set<Parameter> tables) {
        long n = 0;
        boolean matrix = true;
        for (Parameter p : ps) {
            n += dev.cutaway.graph.Type.real(p.dims()).fixedSize();
            matrix &= p.dims().size() > 1 && !tables.contains(p);
        }
        String shape = dev.cutaway.graph.Type.real(ps.getFirst().dims()).toString();
        return new Row(component, shape, ps.size(), n, matrix, false);
    }

    private static long macs(Graph graph, int keys) {
        Binding b = Binding.rows(1, keys, keys);
        long n = 0;
        for (Node node : graph.opened().nodes()) {
            n += ((Primitive) node.op())
                    .macs(node.in().stream().map(v -> v.type()).toList(), b);
        }
        return n;
    }

    private static List<String> constants(Graph graph) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            Op op = n.op();
            if (!op.constants().isEmpty()) {
                counts.merge(op.name() + ": " + op.constants(), 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .map(e -> e.getKey() + (e.getValue() > 1 ? " (" + e.getValue() + " times)" : ""))
                .toList();
    }
}
