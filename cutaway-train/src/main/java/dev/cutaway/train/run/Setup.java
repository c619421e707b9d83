package dev.cutaway.train.run;

import dev.cutaway.graph.Graph;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.graph.run.Pool;
import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Config;
import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.lora.Adaptation;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.train.Differentiation;
import dev.cutaway.train.Dropouts;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Planned;
import dev.cutaway.train.Trained;
import dev.cutaway.train.Trainer;
import dev.cutaway.train.Update;
import dev.cutaway.train.data.Batches;
import dev.cutaway.train.data.DataContext;
import dev.cutaway.train.data.DataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What a run needs, put together and checked from a recipe before the first step: model, tokenizer, data, objective, optimiser.
 *
 * @param recipe what is run
 * @param blueprint the model
 * @param adaptation the adapter that is trained over it; empty if the model itself is
 * @param tokenizer with its files; empty if there is none
 * @param objective the recipe's, or the family's
 * @param batches what is learnt from
 * @param valid what is measured with
 * @param weights as they begin
 * @param engine what computes gradients
 * @param pool its threads
 * @param trainer before its first step
 * @param teacher whom the model learns from beside the labels
 */
record Setup(
        Recipe recipe,
        Blueprint blueprint,
        Optional<Adaptation> adaptation,
        Optional<RunTokenizer> tokenizer,
        String objective,
        Batches batches,
        Optional<Batches> valid,
        Trained weights,
        Differentiation engine,
        Pool pool,
        Trainer trainer,
        Optional<Model> teacher)
        implements AutoCloseable {
    /** Whether anything is dropped at random. */
    boolean drops() {
        return recipe.dropout() > 0
                || adaptation.map(a -> a.config().dropout() > 0).orElse(false);
    }

    static Setup of(Recipe r, OpenOptions options) {
        Optional<RunTokenizer> given = RunTokenizer.given(r);
        Blueprint b = blueprint(r, given.map(RunTokenizer::tokenizer), options);
        try {
            Optional<RunTokenizer> tokenizer = given.or(() -> RunTokenizer.of(b));
            Optional<Adaptation> adaptation = adaptation(r, b);
            try {
                return complete(r, b, adaptation, tokenizer, options.threads());
            } catch (RuntimeException e) {
                adaptation.ifPresent(Adaptation::close);
                throw e;
            }
        } catch (RuntimeException e) {
            b.close();
            throw e;
        }
    }

    private static Optional<Adaptation> adaptation(Recipe r, Blueprint b) {
        if (r.lora().isEmpty()) {
            if (b.adapter().isPresent()) {
                throw new UsageException(
                        r.file() + ": model.init: " + b.adapter().get()
                                + " holds an adapter; say lora: {} to train it on, or merge it into the model first"
                                + " (cutaway convert)");
            }
            return Optional.empty();
        }
        if (b.adapter().isEmpty()) {
            return Optional.of(Adaptation.fresh(b, r.lora().get().config()));
        }
        Adaptation a = Adaptation.from(b, b.adapter().get());
        try {
            r.lora().get().requireSame(a.config(), b.adapter().get());
            return Optional.of(a);
        } catch (RuntimeException e) {
            a.close();
            throw e;
        }
    }

    /** The names that the recipe's globs choose from: of the model's weights, and of the adapter's as PEFT's files have them. */
    private static List<String> names(Blueprint b, Optional<Adaptation> adaptation) {
        List<String> names = new ArrayList<>(b.tensors());
        adaptation.ifPresent(a -> names.addAll(a.tensors()));
        return names;
    }

    private static String stored(Blueprint b, Optional<Adaptation> adaptation, Parameter p) {
        return adaptation.isPresent() && Lora.adapts(p) ? adaptation.get().key(p) : b.storedName(p);
    }

    private static Setup complete(
            Recipe r, Blueprint b, Optional<Adaptation> adaptation, Optional<RunTokenizer> tokenizer, int threads) {
        String objective = r.objective().orElseGet(() -> Heads.usual(b.family()));
        Heads.require(objective, b.family(), b.architecture());
        Predicate<String> frozen = Globs.of("freeze", r.freeze(), names(b, adaptation));
        Predicate<String> undecayed = Globs.of("optimizer.no_decay", r.noDecay(), names(b, adaptation));
        Sampling.require(r, b.family(), tokenizer.isPresent());
        requireMemory(r, b, adaptation, frozen);
        int length = b.family() == Family.VISION || r.context() == 0 ? b.sizes().context() : r.context();
        DataContext context = new DataContext(
                tokenizer.map(RunTokenizer::tokenizer),
                b.chatTemplate(),
                b.config(),
                b.sizes(),
                b.family(),
                b::patches,
                r.batch(),
                length,
                r.seed());
        Batches plain = DataSource.of(r.data(), objective, context);
        Optional<Batches> held = DataSource.valid(r.data(), objective, context);
        Optional<Model> teacher = r.teacher().map(t -> teacher(r, t, b, plain));
        Batches batches = teacher.map(m -> taught(r, m, b, plain)).orElse(plain);
        Optional<Batches> valid =
                held.map(v -> teacher.map(m -> taught(r, m, b, v)).orElse(v));
        Graph graph = Dropouts.inAdapters(
                Dropouts.in(adaptation.map(Adaptation::graph).orElse(b.graph()), r.dropout()),
                adaptation.map(a -> a.config().dropout()).orElse(0.0));
        Predicate<Parameter> own = p -> adaptation.isEmpty() || Lora.adapts(p);
        Objective o = Objective.of(
                graph,
                r.teacher()
                        .map(t -> t.parts(b.graph(), r.smoothing()))
                        .orElseGet(() -> Heads.parts(objective, r.smoothing())),
                p -> own.test(p) && !frozen.test(stored(b, adaptation, p)));
        if (o.gradients().ofParameters().isEmpty()) {
            throw new UsageException(r.file() + ": freeze leaves no weight to train");
        }
        Trained weights = Trained.copyOf(
                graph, p -> adaptation.map(a -> a.weight(p, r.seed())).orElseGet(() -> b.weight(p, r.seed())), own);
        // What the weights were drawn or read into lies outside the heap, so that the collector sees no reason to give
        // it back.
        System.gc();
        Pool pool = new Pool(threads);
        boolean few = objective.startsWith("masked") || r.data().containsKey("chat");
        Differentiation engine = new Planned(few ? o.ofFewRows() : o, weights, pool, r.recompute());
        Predicate<Parameter> decays = r.noDecaySaid()
                ? p -> !undecayed.test(stored(b, adaptation, p))
                : adaptation.isPresent() ? Trainer.MATRICES : p -> b.storedShape(b.storedName(p)).length > 1;
        Trainer trainer = new Trainer(
                engine, new Update(weights, r.optimizerOf(graph), decays, pool), r.schedule(), r.rate(), r.clip());
        return new Setup(
                r, b, adaptation, tokenizer, objective, batches, valid, weights, engine, pool, trainer, teacher);
    }

    private static Model teacher(Recipe r, TeacherSection t, Blueprint b, Batches batches) {
        if (b.family() != Family.VISION) {
            throw new UsageException(
                    r.file() + ": teacher is for classifiers of images; model_type " + b.architecture() + " is none");
        }
        int classes = b.graph().require("logits").type().size(1);
        return Taught.open(r.file(), t, ImageSizes.of(b.config()), classes, batches);
    }

    private static Batches taught(Recipe r, Model teacher, Blueprint b, Batches own) {
        return new Taught(
                own,
                teacher.session(SessionOptions.defaults().withRecording(false)),
                r.teacher().orElseThrow(),
                ImageSizes.of(b.config()));
    }

    private static Blueprint blueprint(Recipe r, Optional<Tokenizer> tokenizer, OpenOptions options) {
        if (r.init().isPresent()) {
            String init = r.init().get();
            requireOther(r, init);
            return Blueprint.of(
                    init,
                    type -> Heads.architecture(type, r.objective().orElse("")),
                    r.fields(),
                    named(r, r.fields()),
                    options);
        }
        Map<String, Object> fields = new LinkedHashMap<>(r.fields());
        fields.putAll(named(r, fields));
        String type = String.valueOf(fields.get("model_type"));
        tokenizer.ifPresent(t -> RunTokenizer.complete(fields, t));
        fields.putIfAbsent(
                "architectures", List.of(Heads.architecture(type, r.objective().orElse(""))));
        Blueprint b = Blueprint.of(new Config(r.file() + ": model", fields));
        if (b.family() != Family.ENCODER_DECODER) {
            return b;
        }
        fields.putIfAbsent("is_encoder_decoder", true);
        fields.putIfAbsent("pad_token_id", 0);
        fields.putIfAbsent("decoder_start_token_id", fields.get("pad_token_id"));
        return Blueprint.of(new Config(r.file() + ": model", fields));
    }

    /** The classes that the data name, for a model that has none. */
    private static Map<String, Object> named(Recipe r, Map<String, Object> fields) {
        boolean said = fields.containsKey("num_labels") || fields.containsKey("id2label");
        List<String> classes = said ? List.of() : DataSource.classes(r.data());
        Map<String, Object> names = new LinkedHashMap<>();
        Map<String, Object> numbers = new LinkedHashMap<>();
        for (int i = 0; i < classes.size(); i++) {
            names.put(Integer.toString(i), classes.get(i));
            numbers.put(classes.get(i), i);
        }
        return names.isEmpty() ? Map.of() : Map.of("id2label", names, "label2id", numbers);
    }

    /** Writing over the model that is being read would destroy it. */
    private static void requireOther(Recipe r, String init) {
        try {
            Path p = Path.of(init);
            if (Files.exists(p) && Files.exists(r.out()) && Files.isSameFile(p, r.out())) {
                throw new UsageException(
                        r.file() + ": out and model.init are both " + init + "; give out another name");
            }
        } catch (java.io.IOException | java.nio.file.InvalidPathException e) {
            // hf: names are no paths everywhere; a place that cannot be read is met again by whoever opens it
        }
    }

    /** Weights, gradients and the optimiser's state must fit; the rest depends on the batch. */
    private static void requireMemory(
            Recipe r, Blueprint b, Optional<Adaptation> adaptation, Predicate<String> frozen) {
        long all = 0;
        try {
            if (adaptation.isPresent()) { // the model stays in its file
                all = Math.multiplyExact(
                        adaptation.get().size(), 4L * (2 + r.optimizer().states()));
            }
            for (String t : adaptation.isPresent() ? List.<String>of() : b.tensors()) {
                long n = 4;
                for (long d : b.storedShape(t)) {
                    n = Math.multiplyExact(n, d);
                }
                long each = frozen.test(t) ? 1 : 2 + r.optimizer().states();
                all = Math.addExact(all, Math.multiplyExact(n, each));
            }
        } catch (ArithmeticException e) {
            throw new BadInputException(
                    r.file() + ": model: its sizes give more numbers than can be counted; check them", e);
        }
        long there = memory();
        if (all > there) {
            throw new ResourceException(r.file() + ": model: weights, gradients and the optimiser's state take "
                    + (all >> 20) + " MiB, but the machine has " + (there >> 20) + " MiB; choose a smaller model");
        }
    }

    private static long memory() {
        return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    /** What is worth knowing before the first step. */
    List<String> notes() {
        List<String> notes = new ArrayList<>(batches.complaints());
        valid.ifPresent(v -> notes.addAll(v.complaints()));
        adaptation.flatMap(Adaptation::directory).ifPresent(d -> notes.add("goes on from the adapter in " + d));
        if (!blueprint.fresh().isEmpty()) {
            notes.add(blueprint.fresh().size() + " weights are not in " + blueprint.name()
                    + " and begin with random numbers: " + String.join(", ", blueprint.fresh()));
        }
        return notes;
    }

    /** What a weight is called where the model's parts are named. */
    String name(Parameter p) {
        return adaptation.isPresent() ? p.source().name() : blueprint.storedName(p);
    }

    /** One weight out of a checkpoint of this run. */
    Tensor read(Checkpoint from, Parameter p) {
        return adaptation.isPresent() ? adaptation.get().read(from, p) : blueprint.read(from, p);
    }

    /** The model as it is now. */
    Model model(Tokenizer t) {
        OpenOptions options = OpenOptions.defaults();
        return adaptation.isPresent()
                ? adaptation.get().model(weights::weight, Optional.of(t), options)
                : blueprint.model(weights::weight, Optional.of(t), options);
    }

    /** Numbers that are trained. */
    long trained() {
        return objectiveParameters().stream()
                .mapToLong(p -> weights.weight(p).size())
                .sum();
    }

    private List<Parameter> objectiveParameters() {
        return engine.objective().gradients().ofParameters().keySet().stream()
                .map(v -> (Parameter) v.node().op())
                .toList();
    }

    @Override
    public void close() {
        if (engine instanceof Planned p) {
            p.close();
        }
        pool.close();
        batches.close();
        valid.ifPresent(Batches::close);
        teacher.ifPresent(Model::close);
        adaptation.ifPresent(Adaptation::close);
        blueprint.close();
    }
}
