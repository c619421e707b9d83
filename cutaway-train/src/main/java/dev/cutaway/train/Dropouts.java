package dev.cutaway.train;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.Rewrite;
import dev.cutaway.graph.Value;
import dev.cutaway.graph.op.Dropout;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Dropout in a model that is trained: of what enters the first block and of what each branch adds to the residual stream, as in the
 * original Transformer (Vaswani et al. 2017, section 5.4). Attention patterns and hidden layers of the feed-forward are left whole.
 */
public final class Dropouts {
    private static final Pattern SITES = Pattern.compile(
            "((encoder|decoder|stages\\.0)\\.)?blocks\\.0\\.hook_resid_pre|(.*\\.)?hook_(cross_attn|attn|mlp)_out");
    /** Places in adapters are counted from here on. */
    private static final int IN_ADAPTERS = 1 << 20;

    private static final Tensor NOTHING = Tensor.ofInts(new int[] {-1}, 1);

    private Dropouts() {}

    /**
     * The graph with dropout in it; its names stay, those of branches are of what is left.
     *
     * @param rate 0 leaves the graph as it is
     * @throws UsageException if the model has no places for it
     */
    public static Graph in(Graph graph, double rate) {
        if (rate == 0) {
            return graph;
        }
        Set<Value> sites = new HashSet<>();
        graph.names().forEach((name, v) -> {
            if (SITES.matcher(name).matches()) {
                sites.add(v);
            }
        });
        if (sites.isEmpty()) {
            throw new UsageException("dropout is " + rate + ", but the model has no blocks; leave it out");
        }
        AtomicInteger site = new AtomicInteger();
        return Rewrite.of(graph, (g, n, in) -> {
            List<Value> values =
                    IntStream.range(0, n.out().size()).mapToObj(n::value).toList();
            if (values.stream().noneMatch(sites::contains)) {
                return Optional.empty();
            }
            Node made = g.addAll(n.op(), in, n.scope());
            List<Value> out = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                Value v = made.value(i);
                boolean here = sites.contains(values.get(i));
                out.add(here ? g.add(new Dropout(rate, site.getAndIncrement()), v, Dropout.seeds(g)) : v);
            }
            return Optional.of(out);
        });
    }

    /**
     * The graph with dropout of what enters each adapter's A, as PEFT does; modules that are cut into several products drop the same in all.
     *
     * @param rate 0 leaves the graph as it is
     */
    public static Graph inAdapters(Graph graph, double rate) {
        if (rate == 0) {
            return graph;
        }
        Map<String, Integer> sites = new HashMap<>();
        return Rewrite.of(graph, (g, n, in) -> {
            boolean down = n.op() instanceof Linear
                    && n.in().get(1).node().op() instanceof Parameter p
                    && p.source().name().contains(".lora_A.");
            if (!down) {
                return Optional.empty();
            }
            String name = ((Parameter) n.in().get(1).node().op()).source().name();
            int site = sites.computeIfAbsent(name, k -> IN_ADAPTERS + sites.size());
            Value x = g.add(new Dropout(rate, site), in.getFirst(), Dropout.seeds(g));
            return Optional.of(
                    List.of(g.addAll(n.op(), List.of(x, in.get(1)), n.scope()).value(0)));
        });
    }

    /** A step's examples with a seed each, a function of the run's seed, the step and where in the batch they stand. */
    public static List<Example> seeded(List<Example> batch, long seed, long step) {
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            long mixed = (seed * 0x9E3779B97F4A7C15L + step) * 0xD1B54A32D192ED03L + i;
            mixed = (mixed ^ mixed >>> 32) * 0xBF58476D1CE4E5B9L;
            Example e = batch.get(i);
            Map<String, Tensor> in = new LinkedHashMap<>(e.inputs());
            in.put(Dropout.SEED, Tensor.ofInts(new int[] {(int) (mixed >>> 33)}, 1));
            out.add(new Example(in, e.binding(), e.labels(), e.targets()));
        }
        return out;
    }

    /** Has an example that was given no seed drop nothing. */
    static void complete(Map<String, Tensor> inputs) {
        inputs.putIfAbsent(Dropout.SEED, NOTHING);
    }
}
