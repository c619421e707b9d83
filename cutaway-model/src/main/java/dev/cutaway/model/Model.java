package dev.cutaway.model;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.GraphBuilder;
import dev.cutaway.graph.Node;
import dev.cutaway.graph.op.HeadsOut;
import dev.cutaway.graph.op.Linear;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Batch;
import dev.cutaway.graph.run.Plan;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.arch.Architecture;
import dev.cutaway.model.arch.Architectures;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.template.ChatTemplate;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A model: its graph, its weights and its tokenizer. Opening maps the weights and reads their headers; they are packed when the
 * first session runs. Immutable and shared between threads; each thread makes a {@link Session} of its own.
 */
public final class Model implements AutoCloseable {
    private final ModelFiles files;
    private final Architecture architecture;
    private final Sizes sizes;
    private final Graph graph;
    private final ModelWeights weights;
    private final Plan plan;
    private final Pool pool;
    private final ReentrantLock running = new ReentrantLock();
    private volatile boolean prepared;
    private volatile boolean closed;
    private @Nullable Tokenizer tokenizer;
    private @Nullable Set<Integer> ends; // for every generated text, and read from files

    /** @param adapted a graph over the files' weights instead of the architecture's */
    private Model(ModelFiles files, OpenOptions options, Optional<Graph> adapted) {
        this.files = files;
        this.architecture = Architectures.of(files.config());
        this.sizes = sizes(architecture, files.config());
        ModelWeights own = new ModelWeights(files.checkpoint(), architecture.basePrefix(), options.exact());
        GraphBuilder g = new GraphBuilder();
        architecture.build(files.config(), own::has, g);
        Graph plain = adapted.orElseGet(g::build);
        if (options.adapters().isEmpty()) {
            this.graph = plain;
            this.weights = own;
        } else {
            Lora lora = Adapters.add(plain, options.adapters(), architecture.basePrefix());
            this.graph = lora.graph();
            this.weights =
                    new ModelWeights(lora.checkpoint(files.checkpoint()), architecture.basePrefix(), options.exact());
        }
        for (Node n : graph.nodes()) {
            if (n.op() instanceof Parameter p) {
                weights.check(p);
            }
            if ((n.op() instanceof Linear || n.op() instanceof HeadsOut)
                    && n.in().get(1).node().op() instanceof Parameter p) {
                weights.willMultiply(p);
            }
        }
        this.plan = new Plan(graph, weights, outputs(sizes), options.cache() == DType.F16);
        this.pool = new Pool(options.threads());
    }

    /** What the configuration says the sizes are; where they cannot be, the message names the file. */
    static Sizes sizes(Architecture architecture, Config config) {
        try {
            return architecture.sizes(config);
        } catch (BadInputException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(config.file()) ? e : new BadInputException(config.file() + ": " + message, e);
        }
    }

    /** Values that plans keep for reading after a run; of those that a model has. */
    private static List<String> outputs(Sizes sizes) {
        String last = "blocks." + (sizes.layers() - 1) + ".hook_normalized_resid_post";
        return List.of("logits", "nsp_logits", "cls_logits", "distillation_logits", "pooler", last);
    }

    /**
     * Opens a model with default options.
     *
     * @param model a directory with {@code config.json} and safetensors, a {@code .gguf} file, the name of an embedded model, or
     *     {@code hf:owner/name[/file]}
     * @throws dev.cutaway.tensor.BadInputException if it is not there or not what it should be
     */
    public static Model open(String model) {
        return open(model, OpenOptions.defaults());
    }

    public static Model open(String model, OpenOptions options) {
        chooseKernelsSoon();
        Adapters.Found found = Adapters.find(model, options);
        return open(ModelFiles.of(found.model(), found.options()), found.options());
    }

    /** Begins to choose the kernels on another thread, while headers are read: their code is made then, which takes a while. */
    private static void chooseKernelsSoon() {
        Thread.ofPlatform().name("cutaway-kernels").daemon().start(() -> {
            try {
                Kernels.get();
            } catch (CutawayException e) {
                // Whoever asks next meets it again, on a thread that can say so.
            }
        });
    }

    public static Model open(Path path) {
        return open(path.toString());
    }

    /** A model of files that are known already. */
    static Model of(ModelFiles files, OpenOptions options) {
        return open(files, options);
    }

    /** A model of files that are known already, with a graph of its own. */
    static Model of(ModelFiles files, Graph adapted, OpenOptions options) {
        return open(files, options, Optional.of(adapted));
    }

    private static Model open(ModelFiles files, OpenOptions options) {
        return open(files, options, Optional.empty());
    }

    private static Model open(ModelFiles files, OpenOptions options, Optional<Graph> adapted) {
        try {
            return new Model(files, options, adapted);
        } catch (RuntimeException e) {
            files.checkpoint().close();
            throw e;
        }
    }

    /** What people call it: the file's or directory's name, or the embedded model's. */
    public String name() {
        return files.name();
    }

    /** The {@code model_type}. */
    public String architecture() {
        return architecture.name();
    }

    public Family family() {
        return architecture.family();
    }

    /** Whether it reads images; a decoder that does reads one before its words, if it is given one. */
    public boolean readsImages() {
        return architecture.readsImages();
    }

    public Config config() {
        return files.config();
    }

    /** The defaults of generation that come with the model; empty if there are none. */
    public Optional<Config> generationConfig() {
        return files.generationConfig();
    }

    public Sizes sizes() {
        return sizes;
    }

    /** The graph that describe, run and look all read. */
    public Graph graph() {
        return graph;
    }

    public Checkpoint checkpoint() {
        return weights.checkpoint();
    }

    /** What names of the base model's tensors begin with in checkpoints of models with a head. */
    public String basePrefix() {
        return architecture.basePrefix();
    }

    /** What the checkpoint calls a tensor that the graph names; empty if it has none. */
    public Optional<String> tensorName(String name) {
        return weights.find(name);
    }

    /** A weight as the graph uses it, in the checkpoint's format: cut out of a fused matrix, turned where it is kept transposed. */
    public Tensor weight(Parameter p) {
        return weights.tensor(p);
    }

    /** The rows of pixels that an image becomes, rows of zeros for class tokens first: {@code [position, pixel]}. */
    public Tensor patches(Tensor pixels) {
        return Patches.cut(pixels, dev.cutaway.model.arch.ImageSizes.of(config()));
    }

    /** The directory of the model's files; empty for a single file. */
    public Optional<Path> directory() {
        return files.directory();
    }

    /**
     * The tokenizer, loaded on first use.
     *
     * @throws dev.cutaway.tensor.BadInputException if the model has none, or it cannot be read
     */
    public synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            tokenizer = files.loadTokenizer();
        }
        return tokenizer;
    }

    /** Whether a tokenizer comes with the model. */
    public boolean hasTokenizer() {
        return files.hasTokenizer();
    }

    /** The template that turns a conversation into a prompt; empty if the model has none. */
    public Optional<ChatTemplate> chatTemplate() {
        return files.chatTemplate();
    }

    /** Ids that end a generated text: of the generation configuration, the configuration, and the tokenizer. */
    public synchronized Set<Integer> endTokens() {
        if (ends == null) {
            Set<Integer> ids = new HashSet<>(files.endTokens());
            if (hasTokenizer()) {
                ids.addAll(tokenizer().special().ends());
            }
            ends = Set.copyOf(ids);
        }
        return ends;
    }

    /** The token that the decoder of an encoder-decoder begins with. */
    public int decoderStart() {
        return config().count("decoder_start_token_id", config().count("pad_token_id", 0));
    }

    /** What the model is made of: parameters, multiply-adds, memory. */
    public Description describe() {
        return Description.of(graph, sizes, name(), config(), architecture);
    }

    /** A session that records the residual stream into every block. */
    public Session session() {
        return session(SessionOptions.defaults());
    }

    public Session session(SessionOptions options) {
        return new Session(this, options);
    }

    /** Packs the weights now rather than at the first step. */
    public void prepare() {
        if (prepared) {
            return;
        }
        running.lock();
        try {
            if (!prepared) {
                requireOpen();
                plan.prepare(pool);
                prepared = true;
            }
        } finally {
            running.unlock();
        }
    }

    /** Begins to pack the weights on another thread and returns; whoever needs them first waits for the rest. */
    public void prepareSoon() {
        Thread.ofPlatform().name("cutaway-prepare").daemon().start(() -> {
            try {
                prepare();
            } catch (RuntimeException | Error e) {
                // Whoever uses the model meets it again, on a thread that can say so.
                System.getLogger(Model.class.getName()).log(System.Logger.Level.DEBUG, "weights cannot be packed", e);
            }
        });
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(name() + " is closed");
        }
    }

    Plan plan() {
        return plan;
    }

    Plan.Runner runner() {
        return plan.new Runner(pool, Kernels.get());
    }

    ModelWeights weights() {
        return weights;
    }

    /** Runs a batch; one at a time over all sessions, since the threads are shared. */
    void run(Plan.Runner runner, Batch batch, boolean source) {
        prepare();
        running.lock();
        try {
            if (source) {
                runner.runSource(batch);
            } else {
                runner.run(batch);
            }
        } finally {
            running.unlock();
        }
    }

    /** Bytes of packed weights held; mapped files are not counted. */
    public long memoryBytes() {
        return weights.packedBytes();
    }

    public int threads() {
        return pool.threads();
    }

    @Override
    public void close() {
        running.lock(); // after the step that runs, or the packing, if there is one
        try {
            closed = true;
            pool.close();
            weights.close();
        } finally {
            running.unlock();
        }
    }

    @Override
    public String toString() {
        return name() + " (" + architecture() + ")";
    }
}
