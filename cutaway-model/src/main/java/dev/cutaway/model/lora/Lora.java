package dev.cutaway.model.lora;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Rewrite;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Binary;
import dev.cutaway.graph.op.Constant;
import dev.cutaway.graph.op.Gather;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.Reshape;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.model.Nearest;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.MemoryCheckpoint;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Low-rank adapters in a graph (Hu et al., arXiv 2106.09685): where rows are multiplied by a matrix, {@code y = x W^T + b} becomes
 * {@code y + scale (x A^T) B^T}, with A {@code [rank, in]} and B {@code [out, rank]} as weights named {@code MODULE.lora_A.NAME.weight},
 * PEFT's names. Everything that reads the graph sees them. Where the graph cuts a matrix (query, key and value in one), its parts share A and
 * cut B alike. What a module's heads write one by one ({@code hook_result}) is left as it was: only their sum is adapted.
 */
public final class Lora {
    private final Graph graph;
    private final Map<Parameter, Parameter> originals;
    private final Map<String, AdaptedCheckpoint.Place> places;
    private final List<Applied> applied;

    private Lora(Graph graph, Rewriting made, Map<String, AdaptedCheckpoint.Place> places) {
        this.graph = graph;
        this.originals = Map.copyOf(made.originals);
        this.applied = List.copyOf(made.applied);
        this.places = places;
    }

    /**
     * An adapter's part that the graph has.
     *
     * @param module where
     * @param matrix what is adapted
     * @param a A's name in the graph
     * @param b B's name in the graph
     * @param scale how often B A counts
     */
    record Applied(String module, Parameter matrix, String a, String b, double scale) {}

    List<Applied> applied() {
        return applied;
    }

    /** By weight saved whole, the one that it stands for. */
    Map<Parameter, Parameter> originals() {
        return originals;
    }

    AdaptedCheckpoint.Place place(String name) {
        return Objects.requireNonNull(places.get(name), name);
    }

    /** The graph with its adapters. */
    public Graph graph() {
        return graph;
    }

    /** Whether a weight belongs to an adapter: what is trained where there is one. */
    public static boolean adapts(Parameter p) {
        String n = p.source().name();
        return n.contains(".lora_A.") || n.contains(".lora_B.") || n.contains(SAVED);
    }

    private static final String SAVED = ".modules_to_save.";

    /** The weight of the graph without adapters that a weight saved whole stands for, its first value. */
    public Optional<Parameter> original(Parameter p) {
        return Optional.ofNullable(originals.get(p));
    }

    /**
     * First values of an adapter's weight: A uniform within {@code 1 / sqrt(in)} (PEFT's Kaiming initialisation), B zero, modules
     * saved whole as they are in the model. They depend on the seed and the weight's name only.
     *
     * @param model the weights of the graph without adapters
     */
    public Tensor initial(Parameter p, long seed, Function<Parameter, Tensor> model) {
        Parameter original = originals.get(p);
        if (original != null) {
            return model.apply(original);
        }
        if (!adapts(p)) {
            return model.apply(p);
        }
        Tensor t = Tensor.zeros(shape(p));
        if (p.source().name().contains(".lora_A.")) {
            SplittableRandom r = new SplittableRandom(
                    seed * 0x9E3779B97F4A7C15L + p.source().name().hashCode());
            double bound = 1 / Math.sqrt((double) t.dim(1));
            for (long i = 0; i < t.size(); i++) {
                t.set(i, (float) (bound * (2 * r.nextDouble() - 1)));
            }
        }
        return t;
    }

    static long[] shape(Parameter p) {
        return p.dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
    }

    /**
     * A new adapter.
     *
     * @throws UsageException if nothing in the graph is meant
     */
    public static Lora fresh(Graph graph, LoraConfig config) {
        Modules modules = new Modules(graph);
        Set<String> seen = new HashSet<>();
        Addition one = new Addition(
                "default",
                m -> {
                    boolean all = config.targets() instanceof LoraConfig.Targets.AllLinear && modules.head(m);
                    if (config.saved(m) || all || !config.targets().match(m)) {
                        return Optional.empty();
                    }
                    seen.add(m);
                    int rank = config.rank(m);
                    return Optional.of(new Part(rank, config.scale(m, rank)));
                },
                config::saved);
        Rewriting r = new Rewriting(modules, List.of(one));
        Graph adapted = Rewrite.of(graph, r::apply);
        requireTargets(config, modules, seen);
        for (String name : config.modulesToSave()) {
            if (r.saved.stream().noneMatch(m -> ("." + m + ".").contains("." + name + "."))) {
                throw new UsageException("lora.modules_to_save names " + name
                        + ", which the model does not have; nearest: " + Nearest.of(name, modules.lastNames()));
            }
        }
        return new Lora(adapted, r, Map.of());
    }

    /** A name that means nothing is a mistake, even if others mean something. */
    private static void requireTargets(LoraConfig config, Modules modules, Set<String> seen) {
        if (config.targets() instanceof LoraConfig.Targets.Suffixes(List<String> names)) {
            for (String name : names) {
                if (modules.all().stream().noneMatch(m -> m.equals(name) || m.endsWith("." + name))) {
                    Set<String> known = name.contains(".") ? modules.all() : modules.lastNames();
                    throw new UsageException("lora.targets: no matrix of the model is named " + name
                            + "; did you mean " + Nearest.of(name, known) + "? (there are "
                            + String.join(", ", modules.lastNames()) + ")");
                }
            }
        }
        if (seen.isEmpty()) {
            String asked = switch (config.targets()) {
                case LoraConfig.Targets.Expression(String pattern) ->
                    pattern + " matches no matrix's whole name; the nearest is "
                            + Nearest.of(lastWord(pattern), modules.lastNames()) + " (as in "
                            + modules.all().iterator().next() + ")";
                default -> "all that are named are kept whole (lora.modules_to_save); name others";
            };
            throw new UsageException("lora.targets: " + asked);
        }
    }

    private static String lastWord(String pattern) {
        String[] words = pattern.split("\\W+");
        return words.length == 0 ? pattern : words[words.length - 1];
    }

    /**
     * An adapter, how much of it, and what the graph calls it.
     *
     * @param weight factor of its scale
     */
    public record Given(Adapter adapter, double weight) {}

    /**
     * Adapters that were read, added up.
     *
     * @param basePrefix what names of the base model begin with; files may leave it out
     * @throws BadInputException if one does not fit the graph
     */
    public static Lora of(Graph graph, List<Given> adapters, String basePrefix) {
        Modules modules = new Modules(graph);
        List<Addition> additions = new ArrayList<>();
        Map<String, AdaptedCheckpoint.Place> places = new LinkedHashMap<>();
        Map<String, Adapter> savedBy = new HashMap<>();
        for (Given g : adapters) {
            String name = adapters.size() == 1 ? "default" : "adapter" + additions.size();
            additions.add(addition(g, name, modules, basePrefix, places, savedBy));
        }
        Rewriting r = new Rewriting(modules, additions);
        Graph adapted = Rewrite.of(graph, r::apply);
        for (Map.Entry<String, Adapter> e : savedBy.entrySet()) {
            if (!r.saved.contains(e.getKey())) {
                throw new BadInputException(e.getValue().file().file() + ": keeps module " + e.getKey()
                        + ", which the model does not have; the adapter belongs to another model");
            }
        }
        return new Lora(adapted, r, places);
    }

    private static Addition addition(
            Given g,
            String name,
            Modules modules,
            String basePrefix,
            Map<String, AdaptedCheckpoint.Place> places,
            Map<String, Adapter> savedBy) {
        Adapter a = g.adapter;
        Map<String, Part> parts = new HashMap<>();
        a.pairs().forEach((stated, pair) -> {
            String module = modules.find(stated, basePrefix)
                    .orElseThrow(() -> new BadInputException(a.file().file()
                            + ": adapts " + stated
                            + ", which the model does not have, or not as a matrix; the adapter belongs"
                            + " to another model (nearest: " + Nearest.of(stated, modules.all()) + ")"));
            int rank = (int) a.file().entry(pair.a()).orElseThrow().dims()[0];
            parts.put(module, new Part(rank, g.weight * a.config().scale(stated, rank)));
            places.put(module + ".lora_A." + name + ".weight", new AdaptedCheckpoint.Place(a.file(), pair.a()));
            places.put(module + ".lora_B." + name + ".weight", new AdaptedCheckpoint.Place(a.file(), pair.b()));
        });
        Set<String> kept = new HashSet<>();
        a.saved().forEach((stated, key) -> {
            int dot = stated.lastIndexOf('.');
            String module = modules.saved(stated.substring(0, dot), basePrefix);
            kept.add(module);
            if (g.weight != 1) {
                throw new UsageException("--adapter " + a.directory() + "=" + g.weight + ": the adapter keeps " + module
                        + " whole, which cannot be weighted; leave the weight out");
            }
            Adapter other = savedBy.put(module, a);
            if (other != null && other != a) {
                throw new UsageException("--adapter: " + other.directory() + " and " + a.directory() + " both keep a "
                        + module + " of their own; give one of them");
            }
            places.put(module + SAVED + name + stated.substring(dot), new AdaptedCheckpoint.Place(a.file(), key));
        });
        return new Addition(name, m -> Optional.ofNullable(parts.get(m)), kept::contains);
    }

    /** The checkpoint with the adapters' tensors, under the names that the graph uses. */
    public Checkpoint checkpoint(Checkpoint base) {
        return new AdaptedCheckpoint(base, places, false);
    }

    /** The checkpoint with tensors under the names that the graph uses, which somebody else has in memory; closing it closes nothing. */
    static Checkpoint checkpoint(Checkpoint base, Map<String, Tensor> adapter) {
        Checkpoint memory = new MemoryCheckpoint(Path.of(Adapter.TENSORS), adapter);
        Map<String, AdaptedCheckpoint.Place> own = new LinkedHashMap<>();
        adapter.keySet().forEach(n -> own.put(n, new AdaptedCheckpoint.Place(memory, n)));
        return new AdaptedCheckpoint(base, own, true);
    }

    /** One adapter's part in one module. */
    private record Part(int rank, double scale) {}

    /** What one adapter adds. */
    private record Addition(
            String name, Function<String, Optional<Part>> parts, java.util.function.Predicate<String> keeps) {}

    /** The modules of a graph: matrices that rows are multiplied by, by transformers' names. */
    static final class Modules {
        private final Map<Node, String> names = new HashMap<>();
        private final Set<String> all = new LinkedHashSet<>();
        private final Set<String> weights = new LinkedHashSet<>();
        private final Optional<Node> head;

        Modules(Graph graph) {
            head = graph.named("logits").flatMap(Modules::product);
            Set<Parameter> tables = new HashSet<>();
            for (Node n : graph.nodes()) {
                if (n.op() instanceof Gather && n.in().getFirst().node().op() instanceof Parameter p) {
                    tables.add(p);
                }
            }
            for (Node n : graph.nodes()) {
                matrix(n).ifPresent(p -> {
                    boolean tied = head.filter(n::equals).isPresent() && tables.contains(p);
                    String name = tied ? "lm_head" : module(p);
                    names.put(n, name);
                    all.add(name);
                });
                if (n.op() instanceof Parameter p) {
                    weights.add(module(p));
                }
            }
        }

        private static Optional<Node> product(Value v) {
            Node n = v.node();
            while (!(n.op() instanceof Linear) && !n.in().isEmpty()) {
                n = n.in().getFirst().node();
            }
            return n.op() instanceof Linear ? Optional.of(n) : Optional.empty();
        }

        /** The matrix that a node multiplies by, if it is a weight. */
        static Optional<Parameter> matrix(Node n) {
            return (n.op() instanceof Linear || n.op() instanceof HeadsOut)
                            && n.in().get(1).node().op() instanceof Parameter p
                            && p.source().name().endsWith(".weight")
                    ? Optional.of(p)
                    : Optional.empty();
        }

        static String module(Parameter p) {
            String n = p.source().name();
            return n.contains(".") ? n.substring(0, n.lastIndexOf('.')) : n;
        }

        Optional<String> name(Node n) {
            return Optional.ofNullable(names.get(n));
        }

        boolean head(String module) {
            return head.map(names::get).filter(module::equals).isPresent();
        }

        boolean head(Node n) {
            return head.filter(n::equals).isPresent();
        }

        Set<String> all() {
            return all;
        }

        Set<String> lastNames() {
            Set<String> last = new LinkedHashSet<>();
            all.forEach(n -> last.add(n.substring(n.lastIndexOf('.') + 1)));
            return last;
        }

        /** What the graph calls the module that a file names with or without the base model's prefix. */
        Optional<String> find(String stated, String basePrefix) {
            return candidates(stated, basePrefix).stream().filter(all::contains).findFirst();
        }

        String saved(String stated, String basePrefix) {
            return candidates(stated, basePrefix).stream()
                    .filter(n -> all.contains(n) || weights.contains(n))
                    .findFirst()
                    .orElse(stated);
        }

        private static List<String> candidates(String stated, String basePrefix) {
            return stated.startsWith(basePrefix)
                    ? List.of(stated, stated.substring(basePrefix.length()))
                    : List.of(stated, basePrefix + stated);
        }
    }

    /** The rule. */
    private static final class Rewriting {
        private final Modules modules;
        private final List<Addition> additions;
        private final Map<Parameter, Value> made = new HashMap<>();
        private final Map<Parameter, Parameter> originals = new HashMap<>();
        private final Set<String> saved = new HashSet<>();
        private final List<Applied> applied = new ArrayList<>();

        Rewriting(Modules modules, List<Addition> additions) {
            this.modules = modules;
            this.additions = additions;
        }

        Optional<List<Value>> apply(GraphBuilder g, Node n, List<Value> in) {
            if (n.op() instanceof Parameter p) {
                return keeper(Modules.module(p)).map(a -> List.of(kept(g, a, Modules.module(p), p)));
            }
            Optional<String> module = modules.name(n);
            if (module.isEmpty()) {
                return Optional.empty();
            }
            String name = module.get();
            List<Value> own = new ArrayList<>(in);
            Parameter w = Modules.matrix(n).orElseThrow();
            if (!name.equals(Modules.module(w))) { // a head of its own where the model has a tied one
                Optional<Addition> a = keeper(name);
                if (a.isPresent()) {
                    own.set(1, kept(g, a.get(), name, w));
                } else if (keeper(Modules.module(w)).isPresent()) {
                    own.set(1, weight(g, w)); // an embedding that is kept leaves the head as it was
                }
            }
            Value y = g.addAll(n.op(), own, n.scope()).value(0);
            for (Addition a : additions) {
                Optional<Part> part = a.parts.apply(name);
                if (part.isPresent()) {
                    y = g.add(Binary.ADD, y, added(g, a, name, part.get(), w, own.getFirst()));
                }
            }
            return Optional.of(List.of(y));
        }

        private Value added(GraphBuilder g, Addition a, String module, Part part, Parameter w, Value input) {
            Value x = input;
            if (x.type().rank() == 3) { // heads side by side, as the matrix reads them
                x = g.add(
                        Reshape.to(
                                x.type().dim(0),
                                Dim.of("heads", x.type().size(1) * x.type().size(2))),
                        x);
            }
            WeightSource s = w.source();
            Dim rank = Dim.of("rank", part.rank);
            String nameOfA = module + ".lora_A." + a.name + ".weight";
            String nameOfB = module + ".lora_B." + a.name + ".weight";
            applied.add(new Applied(module, w, nameOfA, nameOfB, part.scale));
            Value down = weight(
                    g,
                    new Parameter(
                            WeightSource.whole(nameOfA), List.of(rank, w.dims().get(1))));
            WeightSource b = new WeightSource(nameOfB, false, s.groups(), s.from(), s.to());
            Value up = weight(g, new Parameter(b, List.of(w.dims().get(0), rank)));
            Value small = g.add(new Linear(), x, down); // [row, rank]
            return g.add(Constant.scale(part.scale), g.add(new Linear(), small, up)); // [row, out]
        }

        private Optional<Addition> keeper(String module) {
            return additions.stream().filter(a -> a.keeps.test(module)).findFirst();
        }

        private Value kept(GraphBuilder g, Addition a, String module, Parameter p) {
            saved.add(module);
            WeightSource s = p.source();
            String last = s.name().substring(s.name().lastIndexOf('.'));
            Parameter own = new Parameter(
                    new WeightSource(module + SAVED + a.name + last, s.transposed(), s.groups(), s.from(), s.to()),
                    p.dims(),
                    p.fixed());
            originals.put(own, p);
            return weight(g, own);
        }

        private Value weight(GraphBuilder g, Parameter p) {
            Value known = made.get(p);
            if (known == null) {
                known = g.add(p);
                made.put(p, known);
            }
            return Objects.requireNonNull(known);
        }
    }
}
