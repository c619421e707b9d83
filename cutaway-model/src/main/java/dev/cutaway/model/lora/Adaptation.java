package dev.cutaway.model.lora;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.MemoryCheckpoint;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An adapter that is to be trained over a model that stays as it is: the graph of both, what the adapter begins with, and how it is written
 * and read again.
 */
public final class Adaptation implements AutoCloseable {
    private final Blueprint base;
    private final LoraConfig config;
    private final Lora lora;
    private final @Nullable Adapter from;
    private final @Nullable Checkpoint first;

    private Adaptation(Blueprint base, LoraConfig config, Lora lora, @Nullable Adapter from) {
        this.base = base;
        this.config = config;
        this.lora = lora;
        this.from = from;
        this.first = from == null ? null : lora.checkpoint(base.checkpoint().orElseThrow());
    }

    /**
     * A new adapter. What the model lacks (a new head) is kept whole in it.
     *
     * @throws UsageException if nothing in the model is meant
     */
    public static Adaptation fresh(Blueprint base, LoraConfig config) {
        Set<String> kept = new LinkedHashSet<>(config.modulesToSave());
        base.fresh().stream()
                .map(t -> t.substring(0, Math.max(0, t.lastIndexOf('.'))))
                .filter(m -> !config.saved(m))
                .forEach(kept::add);
        LoraConfig all = new LoraConfig(
                config.rank(),
                config.alpha(),
                config.dropout(),
                config.rootRank(),
                config.targets(),
                new ArrayList<>(kept),
                config.rankPattern(),
                config.alphaPattern());
        return new Adaptation(base, all, Lora.fresh(base.graph(), all), null);
    }

    /**
     * Goes on from an adapter that there is.
     *
     * @throws BadInputException if it does not fit the model
     */
    public static Adaptation from(Blueprint base, Path directory) {
        Adapter a = Adapter.open(directory);
        try {
            Lora lora = Lora.of(base.graph(), List.of(new Lora.Given(a, 1)), base.basePrefix());
            Adaptation made = new Adaptation(base, a.config(), lora, a);
            for (Node n : lora.graph().nodes()) {
                if (n.op() instanceof Parameter p) {
                    if (Lora.adapts(p)) {
                        made.weight(p, 0); // checks its shape
                    } else if (base.fresh().contains(base.storedName(p))) {
                        throw new BadInputException(directory + ": the adapter does not keep " + base.storedName(p)
                                + ", which the model lacks; begin with the model that it was made for");
                    }
                }
            }
            return made;
        } catch (RuntimeException e) {
            a.close();
            throw e;
        }
    }

    /** The model's graph with the adapter. */
    public Graph graph() {
        return lora.graph();
    }

    /** How the adapter is made. */
    public LoraConfig config() {
        return config;
    }

    /** Where it begins, if not anew. */
    public Optional<Path> directory() {
        return Optional.ofNullable(from).map(Adapter::directory);
    }

    /** What a weight begins with; the model's own are read where they are. */
    public Tensor weight(Parameter p, long seed) {
        return first != null && Lora.adapts(p)
                ? base.weight(first, p)
                : lora.initial(p, seed, q -> base.weight(q, seed));
    }

    /** The names of the adapter's tensors in its file. */
    public List<String> tensors() {
        return lora.graph().nodes().stream()
                .filter(n -> n.op() instanceof Parameter p && Lora.adapts(p))
                .map(n -> key((Parameter) n.op()))
                .distinct()
                .toList();
    }

    /** The name in the adapter's file of the tensor that a weight is, or is a part of. */
    public String key(Parameter p) {
        return AdapterWriter.key(adapted(), p.source().name());
    }

    private AdapterWriter.Adapted adapted() {
        return new AdapterWriter.Adapted(base.graph(), base.config(), base.family(), base.basePrefix());
    }

    /**
     * Writes PEFT's {@code adapter_model.safetensors} and {@code adapter_config.json}.
     *
     * @param called what the configuration calls the model
     * @throws dev.cutaway.tensor.ResourceException if the disk has no room
     */
    public void write(Path directory, String called, Function<Parameter, Tensor> values) {
        AdapterWriter.write(directory, adapted(), called, lora.graph(), config, values);
    }

    /**
     * One weight out of a file that {@link #write} wrote.
     *
     * @throws BadInputException if it is not there in the shape that it was written in
     */
    public Tensor read(Checkpoint file, Parameter p) {
        Map<String, Tensor> one = new LinkedHashMap<>();
        one.put(p.source().name(), file.require(key(p)));
        return base.weight(new MemoryCheckpoint(file.file(), one), p);
    }

    /** The model with the adapter as it is now, to generate with. */
    public Model model(Function<Parameter, Tensor> values, Optional<Tokenizer> tokenizer, OpenOptions options) {
        Map<String, Tensor> now = AdapterWriter.wholes(lora.graph(), values);
        now.replaceAll((n, t) -> Tensor.of(t.toFloats(), t.shape())); // training goes on while the model may live
        Checkpoint all = Lora.checkpoint(base.checkpoint().orElseThrow(), now);
        return base.model(lora.graph(), all, tokenizer, options);
    }

    /** How many numbers it has. */
    public long size() {
        return lora.graph().nodes().stream()
                .filter(n -> n.op() instanceof Parameter p && Lora.adapts(p))
                .map(n -> (Parameter) n.op())
                .distinct()
                .mapToLong(p -> Arrays.stream(Lora.shape(p)).reduce(1, Math::multiplyExact))
                .sum();
    }

    /** Closes the adapter that it begins with, not the model. */
    @Override
    public void close() {
        if (from != null) {
            from.close();
        }
    }
}
