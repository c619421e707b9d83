package dev.cutaway.model;

import dev.cutaway.graph.Dim;
import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.op.WeightSource;
import dev.cutaway.model.arch.Architecture;
import dev.cutaway.model.arch.Architectures;
import dev.cutaway.model.arch.Initial;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.Converter;
import dev.cutaway.model.format.MemoryCheckpoint;
import dev.cutaway.model.format.SafetensorsWriter;
import dev.cutaway.model.format.StreamedTensor;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.template.ChatTemplate;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A model that is to be trained: its configuration and graph, what its weights begin with (a checkpoint, or random numbers as transformers
 * draws them for the architecture), and how they are written again under the names and in the shapes that Hugging Face keeps them.
 */
public final class Blueprint implements AutoCloseable {
    /** Keys of configurations that say nothing about the graph. */
    private static final Set<String> OTHER_KEYS = Set.of(
            "architectures",
            "attention_dropout",
            "attention_probs_dropout_prob",
            "attn_pdrop",
            "bos_token_id",
            "classifier_dropout",
            "cls_token_id",
            "decoder_start_token_id",
            "dropout_rate",
            "dtype",
            "embd_pdrop",
            "encoder_stride",
            "eos_token_id",
            "hidden_dropout",
            "hidden_dropout_prob",
            "id2label",
            "initializer_factor",
            "initializer_range",
            "is_encoder_decoder",
            "label2id",
            "mask_token_id",
            "model_type",
            "n_ctx",
            "num_labels",
            "pad_token_id",
            "problem_type",
            "resid_pdrop",
            "sep_token_id",
            "tie_word_embeddings",
            "torch_dtype",
            "transformers_version",
            "use_cache");

    private final String name;
    private final Config config;
    private final Architecture architecture;
    private final Sizes sizes;
    private final Graph graph;
    private final @Nullable ModelFiles files;
    private final @Nullable ModelWeights weights;
    private final @Nullable Path adapter;
    private final Map<String, List<Parameter>> byTensor = new LinkedHashMap<>();
    private final List<String> fresh = new ArrayList<>();
    private @Nullable Drawn drawn;

    /** The last tensor that was drawn; parameters that are cut from one tensor follow each other. */
    private record Drawn(String name, long seed, Tensor tensor) {}

    private Blueprint(String name, Config config, @Nullable ModelFiles files, @Nullable Path adapter, boolean newHead) {
        this.name = name;
        this.adapter = adapter;
        this.config = config;
        this.architecture = Architectures.of(config);
        this.sizes = Model.sizes(architecture, config);
        if (sizes.headSize() == sizes.width() / sizes.heads() && sizes.width() % sizes.heads() != 0) {
            throw new BadInputException(config.file() + ": a width of " + sizes.width() + " cannot be shared evenly by "
                    + sizes.heads() + " heads; correct one of them");
        }
        this.files = files;
        this.weights = files == null ? null : new ModelWeights(files.checkpoint(), architecture.basePrefix(), false);
        GraphBuilder g = new GraphBuilder();
        ModelWeights w = weights;
        architecture.build(config, n -> w == null || w.has(n), g);
        this.graph = g.build();
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Parameter p) {
                begin(p, newHead);
            }
        }
    }

    private void begin(Parameter p, boolean newHead) {
        String tensor = storedName(p);
        byTensor.computeIfAbsent(tensor, k -> new ArrayList<>()).add(p);
        if (weights == null) {
            return;
        }
        if (newHead && !weights.has(p.source().name())) {
            if (!fresh.contains(tensor)) {
                fresh.add(tensor);
            }
        } else {
            weights.check(p);
        }
    }

    /**
     * A model with random weights.
     *
     * @param config its configuration, {@code model_type} and {@code architectures} among it
     * @throws BadInputException if sizes are impossible, or a key has no meaning for the architecture
     */
    public static Blueprint of(Config config) {
        Asked asked = new Asked(config.values());
        Blueprint b = new Blueprint(config.file(), new Config(config.file(), asked), null, null, false);
        requireKnown(b, asked, config.values().keySet());
        return b;
    }

    private static void requireKnown(Blueprint b, Asked asked, Set<String> given) {
        for (String key : given) {
            if (!asked.keys().contains(key) && !OTHER_KEYS.contains(key)) {
                List<String> known = new ArrayList<>(asked.keys());
                known.addAll(OTHER_KEYS);
                throw new UsageException("model." + key + " is no key of the configuration of " + b.architecture()
                        + "; did you mean " + Nearest.of(key, known) + "?");
            }
        }
    }

    /**
     * A model that begins with another's weights.
     *
     * @param model as {@link Model#open(String)} takes it
     * @param classes for a {@code model_type} the class of transformers that the trained model shall be of. If the model is of another,
     *     what it lacks of that (the head) begins with random numbers.
     * @param changes keys of the configuration that shall be others
     * @param forNewHead keys that shall be others if the head begins with random numbers
     */
    public static Blueprint of(
            String model,
            UnaryOperator<String> classes,
            Map<String, Object> changes,
            Map<String, Object> forNewHead,
            OpenOptions options) {
        Adapters.Found found = Adapters.find(model, options);
        ModelFiles files = ModelFiles.of(found.model(), options);
        Path adapter = found.options().adapters().stream()
                .map(AdapterChoice::directory)
                .findFirst()
                .orElse(null);
        try {
            Config c = files.config();
            String wanted = classes.apply(Architectures.of(c).name());
            boolean same = c.texts("architectures").stream().anyMatch(wanted::equals);
            boolean unsaid = c.texts("architectures").isEmpty();
            Map<String, Object> values = new LinkedHashMap<>(c.values());
            if (!same) {
                values.put("architectures", List.of(wanted));
                values.putAll(forNewHead);
            }
            values.putAll(changes);
            Asked asked = new Asked(values);
            Blueprint b = new Blueprint(files.name(), new Config(c.file(), asked), files, adapter, !same && !unsaid);
            requireKnown(b, asked, changes.keySet());
            return b;
        } catch (RuntimeException e) {
            files.checkpoint().close();
            throw e;
        }
    }

    /** What people call it. */
    public String name() {
        return name;
    }

    public Config config() {
        return config;
    }

    /** The {@code model_type}. */
    public String architecture() {
        return architecture.name();
    }

    public Family family() {
        return architecture.family();
    }

    /** What names of the base model begin with ({@code transformer.}); checkpoints of models without a head leave it out. */
    public String basePrefix() {
        return architecture.basePrefix();
    }

    /** The directory of the adapter that lies beside the model, or that names it; empty if there is none. */
    public Optional<Path> adapter() {
        return Optional.ofNullable(adapter);
    }

    public Sizes sizes() {
        return sizes;
    }

    public Graph graph() {
        return graph;
    }

    /** Tensors that begin with random numbers although a model was given. */
    public List<String> fresh() {
        return List.copyOf(fresh);
    }

    /** The tokenizer that comes with the model that it begins with; empty if there is none. */
    public Optional<Tokenizer> tokenizer() {
        return Optional.ofNullable(files).filter(ModelFiles::hasTokenizer).map(ModelFiles::loadTokenizer);
    }

    /** The files of its tokenizer, by name: a directory's own, or what a GGUF file has inside as {@code tokenizer.json}. */
    public Map<String, byte[]> tokenizerFiles() {
        return files == null ? Map.of() : Converter.tokenizer(files.checkpoint(), files.directory());
    }

    /** The defaults of generation of the model that it begins with. */
    public Optional<Config> generationConfig() {
        return Optional.ofNullable(files).flatMap(ModelFiles::generationConfig);
    }

    /** The template of conversations of the model that it begins with. */
    public Optional<ChatTemplate> chatTemplate() {
        return Optional.ofNullable(files).flatMap(ModelFiles::chatTemplate);
    }

    /** The directory of the model that it begins with. */
    public Optional<Path> directory() {
        return Optional.ofNullable(files).flatMap(ModelFiles::directory);
    }

    /** The checkpoint that it begins with; empty for random weights. */
    public Optional<Checkpoint> checkpoint() {
        return Optional.ofNullable(weights).map(ModelWeights::checkpoint);
    }

    /** All numbers that the graph has. */
    public long size() {
        return byTensor.keySet().stream().mapToLong(t -> count(storedShape(t))).reduce(0, Math::addExact);
    }

    /** The names under which the weights are kept, in the order of the graph. */
    public List<String> tensors() {
        return List.copyOf(byTensor.keySet());
    }

    /** The name of the checkpoint's tensor that a parameter is, or is a part of. */
    public String storedName(Parameter p) {
        String own = p.source().name();
        return weights == null ? own : weights.find(own).orElse(own);
    }

    /** The shape in which a tensor is kept. */
    public long[] storedShape(String tensor) {
        Optional<long[]> there = checkpoint().flatMap(c -> c.entry(tensor)).map(e -> e.dims());
        return there.orElseGet(() -> {
            List<Parameter> parts = Objects.requireNonNull(byTensor.get(tensor), tensor);
            WeightSource s = parts.getFirst().source();
            long[] shape = shape(parts.getFirst());
            if (s.to() >= 0) {
                shape[0] = parts.stream().mapToLong(p -> p.source().to()).max().orElseThrow() * s.groups();
            }
            long[] kept = s.transposed() ? new long[] {shape[1], shape[0]} : shape;
            return architecture.storedShape(config, s.name(), kept);
        });
    }

    /** The images that it reads, cut into rows; see {@link Model#patches}. */
    public Tensor patches(Tensor pixels) {
        return Patches.cut(pixels, dev.cutaway.model.arch.ImageSizes.of(config));
    }

    /**
     * What a weight begins with, in the checkpoint's format.
     *
     * @param seed of random numbers; each tensor's depend on it and on its name only
     */
    public Tensor weight(Parameter p, long seed) {
        if (weights != null && weights.has(p.source().name())) {
            return weights.tensor(p);
        }
        Tensor all = draw(storedName(p), p.source().name(), seed);
        Tensor flat = p.source().whole() ? all.reshape(shape(p)) : p.source().cut(all);
        return flat;
    }

    private synchronized Tensor draw(String tensor, String own, long seed) {
        Drawn last = drawn;
        if (last != null && last.name.equals(tensor) && last.seed == seed) {
            return last.tensor;
        }
        long[] shape = storedShape(tensor);
        Initial law = architecture.initial(config, own, shape.length);
        Tensor t = Tensor.zeros(shape);
        SplittableRandom r = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + own.hashCode());
        long row = shape.length == 0 ? 1 : t.size() / shape[0];
        for (long i = 0; i < t.size(); i++) {
            double x = law.deviation() == 0 ? law.mean() : law.mean() + law.deviation() * r.nextGaussian();
            t.set(i, i / row == law.zeroRow() && shape.length > 1 ? 0 : (float) x);
        }
        drawn = new Drawn(tensor, seed, t);
        return t;
    }

    /** The weights as a checkpoint keeps them: fused ones put together, in its shapes; those that a file keeps transposed, so. */
    public Map<String, Tensor> stored(Function<Parameter, Tensor> values) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        byTensor.forEach((tensor, parts) -> all.put(tensor, assemble(tensor, parts, values, Arena.ofAuto())));
        return all;
    }

    private Tensor assemble(String tensor, List<Parameter> parts, Function<Parameter, Tensor> values, Arena arena) {
        long[] shape = storedShape(tensor);
        Parameter first = parts.getFirst();
        if (first.source().whole()) {
            return values.apply(first).reshape(shape);
        }
        Tensor out = Tensor.zeros(arena, DType.F32, shape);
        for (Parameter p : parts) {
            scatter(values.apply(p), p, shape, out);
        }
        return out;
    }

    private static void scatter(Tensor from, Parameter p, long[] shape, Tensor to) {
        long[] own = shape(p);
        long columns = own.length == 1 ? 1 : own[1];
        long[] at = new long[own.length];
        long step = 0;
        for (long row = 0; row < own[0]; row++) {
            at[0] = row;
            long start = p.source().sourceElement(at, shape);
            if (columns > 1 && row == 0) {
                long[] next = {0, 1};
                step = p.source().sourceElement(next, shape) - start;
            }
            for (long c = 0; c < columns; c++) {
                to.set(start + c * step, from.get(row * columns + c));
            }
        }
    }

    /**
     * Writes the weights as {@code model.safetensors}, float32. What the checkpoint holds beside the graph's weights (a pooler that nobody
     * asked for) is written as it was.
     *
     * @throws dev.cutaway.tensor.ResourceException if the disk has no room
     */
    public void write(Path file, Function<Parameter, Tensor> values) {
        List<StreamedTensor> out = new ArrayList<>();
        byTensor.forEach((tensor, parts) -> {
            long[] shape = storedShape(tensor);
            boolean turn = turned(tensor, shape);
            List<Long> dims = Arrays.stream(shape).boxed().toList();
            out.add(new StreamedTensor(tensor, DType.F32, turn ? dims.reversed() : dims, arena -> {
                Tensor t = assemble(tensor, parts, values, arena).widen();
                return turn ? t.transposed(arena) : t;
            }));
        });
        checkpoint().filter(c -> fresh.isEmpty()).ifPresent(c -> {
            for (String other : c.names()) {
                if (!byTensor.containsKey(other) && !tied(other)) {
                    DType kept = c.entry(other)
                            .flatMap(e -> e.dtype())
                            .filter(DType::integer)
                            .orElse(DType.F32);
                    out.add(new StreamedTensor(
                            other, kept, c.entry(other).orElseThrow().shape(), _ -> c.require(other)));
                }
            }
        });
        SafetensorsWriter.write(file, out, Map.of("format", "pt"), _ -> {});
    }

    /**
     * One weight out of a directory that {@link #write} wrote.
     *
     * @throws BadInputException if it is not there in the shape that it was written in
     */
    public Tensor read(Checkpoint from, Parameter p) {
        String tensor = storedName(p);
        long[] shape = storedShape(tensor);
        boolean turn = turned(tensor, shape);
        long[] kept = turn ? new long[] {shape[1], shape[0]} : shape;
        Tensor t = from.require(tensor);
        if (!Arrays.equals(t.shape(), kept)) {
            throw new BadInputException(from.file() + ": tensor " + tensor + " has shape " + Arrays.toString(t.shape())
                    + ", but the model needs " + Arrays.toString(kept) + "; the run began with another model");
        }
        Tensor own = turn ? t.transposed(Arena.ofAuto()) : t;
        return p.source().whole() ? own.reshape(shape(p)) : p.source().cut(own);
    }

    /** Whether a GGUF file keeps a matrix of GPT-2 the other way than Hugging Face does. */
    private boolean turned(String tensor, long[] shape) {
        return shape.length == 2
                && config.text("conv1d_layout", "in_out").equals("out_in")
                && tensor.matches(".*\\.c_(attn|proj|fc)\\..*");
    }

    /** Copies of a trained weight, which would be old. */
    private static boolean tied(String name) {
        return name.endsWith("lm_head.weight")
                || name.endsWith("embed_tokens.weight")
                || name.endsWith("embed_out.weight")
                || name.endsWith("wte.weight")
                || name.startsWith("cls.predictions.decoder.");
    }

    /** The content of {@code config.json} for weights as {@link #write} writes them. */
    public Map<String, Object> writtenConfig() {
        Map<String, Object> c = new LinkedHashMap<>(config.values());
        c.remove("conv1d_layout");
        c.remove("dtype");
        c.put("model_type", architecture.name());
        c.put("torch_dtype", "float32");
        return c;
    }

    /**
     * The model with weights as they are now, to generate with.
     *
     * @param values the weights; copied
     */
    public Model model(Function<Parameter, Tensor> values, Optional<Tokenizer> tokenizer, OpenOptions options) {
        MemoryCheckpoint c = new MemoryCheckpoint(Path.of("model.safetensors"), stored(values));
        return Model.of(new MemoryFiles(name, config, c, tokenizer, generationConfig()), options);
    }

    /**
     * The model with an adapter as it is now, to generate with; its own weights stay where they are.
     *
     * @param adapted the graph with the adapter
     * @param weights this one's checkpoint and the adapter's tensors, by the names that the graph uses; closed with the model
     */
    public Model model(Graph adapted, Checkpoint weights, Optional<Tokenizer> tokenizer, OpenOptions options) {
        return Model.of(new MemoryFiles(name, config, weights, tokenizer, generationConfig()), adapted, options);
    }

    /** A parameter out of a checkpoint, which must hold it in a shape that fits. */
    public Tensor weight(Checkpoint from, Parameter p) {
        return new ModelWeights(from, architecture.basePrefix(), false).tensor(p);
    }

    /** A model whose weights are in memory. */
    private record MemoryFiles(
            String name,
            Config config,
            Checkpoint checkpoint,
            Optional<Tokenizer> tokenizer,
            Optional<Config> generationConfig)
            implements ModelFiles {
        @Override
        public Optional<Path> directory() {
            return Optional.empty();
        }

        @Override
        public Tokenizer loadTokenizer() {
            return tokenizer.orElseThrow(() -> new BadInputException(name + ": has no tokenizer"));
        }

        @Override
        public boolean hasTokenizer() {
            return tokenizer.isPresent();
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            return Optional.empty();
        }
    }

    private static long[] shape(Parameter p) {
        return p.dims().stream().mapToLong(d -> ((Dim.Size) d).value()).toArray();
    }

    private static long count(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Unmaps the checkpoint that it begins with; weights that were not copied must not be used any more. */
    @Override
    public void close() {
        if (weights != null) {
            weights.close();
        }
    }
}
