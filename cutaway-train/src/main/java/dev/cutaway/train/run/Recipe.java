package dev.cutaway.train.run;

import dev.cutaway.graph.Graph;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Optimizer;
import dev.cutaway.train.Schedule;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A training run as a recipe says it, checked. Its keys are declared in {@link RecipeKeys}.
 *
 * @param file what messages call it
 * @param tree the recipe as it was written
 * @param fixed keys and values that must stay as they are while the run goes on
 * @param init the model to begin with; empty for random weights
 * @param fields of the configuration: all of it for random weights, else what differs
 * @param tokenizer how the tokenizer comes about; empty: the model's
 * @param objective empty: by the model's family
 * @param data of the data pipeline, with {@code valid} in it if there is any
 * @param context tokens of a sequence at most; 0: the model's
 * @param batch examples of a step
 * @param accumulate pieces of a batch
 * @param recompute whether blocks are computed again for the way back
 * @param steps of the run
 * @param optimizer with its numbers; see {@link #optimizerOf}
 * @param rate the learning rate
 * @param clip largest gradient norm; 0: any
 * @param noDecay globs over names; empty: all of one dimension
 * @param noDecaySaid whether the recipe has that key
 * @param schedule of the rate
 * @param smoothing of labels
 * @param dropout share of numbers
 * @param freeze globs over names
 * @param lora an adapter is trained, not the model
 * @param teacher another model is learnt from too
 * @param seed of everything random
 * @param validEvery steps between measurements
 * @param checkpointEvery steps between checkpoints
 * @param snapshotsEvery steps between models that stay; 0: none
 * @param keepBest whether the best weights are the result, not the last
 * @param out directory
 * @param log file
 * @param samples what is generated now and then
 * @param watchEvery steps between norms by layer; 0: never
 * @param tensorboard directory
 * @param threads that compute; 0: as the command says
 */
public record Recipe(
        String file,
        Map<String, Object> tree,
        Map<String, Object> fixed,
        Optional<String> init,
        Map<String, Object> fields,
        Optional<Map<String, Object>> tokenizer,
        Optional<String> objective,
        Map<String, Object> data,
        int context,
        int batch,
        int accumulate,
        boolean recompute,
        long steps,
        Optimizer optimizer,
        double rate,
        double clip,
        List<String> noDecay,
        boolean noDecaySaid,
        Schedule schedule,
        double smoothing,
        double dropout,
        List<String> freeze,
        Optional<LoraSection> lora,
        Optional<TeacherSection> teacher,
        long seed,
        long validEvery,
        long checkpointEvery,
        long snapshotsEvery,
        boolean keepBest,
        Path out,
        Path log,
        Samples samples,
        long watchEvery,
        Optional<Path> tensorboard,
        int threads) {
    /**
     * Texts that show what the model has learnt.
     *
     * @param prompts what it goes on with
     * @param every steps between
     * @param maxTokens of one
     * @param temperature 0: the likeliest
     */
    public record Samples(List<String> prompts, long every, int maxTokens, double temperature) {}

    /**
     * Reads a recipe's tree.
     *
     * @throws UsageException if a key is not known or missing, or a value cannot be
     */
    public static Recipe of(String file, Map<String, Object> tree) {
        RecipeKeys k = new RecipeKeys(file, tree);
        Optional<String> init = k.text("model.init");
        Map<String, Object> fields = new LinkedHashMap<>(k.fields());
        Optional<String> architecture = k.text("model.architecture");
        if (init.isPresent() == architecture.isPresent()) {
            throw new UsageException(file + ": model has " + (init.isPresent() ? "both init and" : "neither init nor")
                    + " architecture; give init to begin with a model's weights, or architecture for random ones");
        }
        if (k.has("lora") && init.isEmpty()) {
            throw new UsageException(file + ": lora adapts a model that there is; give model.init, or leave lora out");
        }
        architecture.ifPresent(a -> fields.put("model_type", a));
        long steps = k.whole("steps").orElseThrow(() -> k.missing("steps"));
        long checkpointEvery = k.whole("checkpoint_every").orElse(Math.max(1, (steps + 9) / 10));
        Map<String, Object> data = new LinkedHashMap<>(k.open("data").orElseThrow(() -> k.missing("data")));
        k.open("valid").ifPresent(v -> data.put("valid", v));
        Path out = path(k, "out").orElseThrow(() -> k.missing("out"));
        double rate = k.real("optimizer.lr");
        return new Recipe(
                file,
                tree,
                k.fixed(),
                init,
                fields,
                k.open("tokenizer"),
                k.text("objective"),
                data,
                small(k, "context"),
                small(k, "batch"),
                small(k, "accumulate"),
                k.flag("recompute"),
                steps,
                optimizer(k),
                rate,
                k.real("optimizer.clip"),
                k.texts("optimizer.no_decay"),
                k.fixed().containsKey("optimizer.no_decay"),
                schedule(k, steps, rate),
                k.real("label_smoothing"),
                k.real("dropout"),
                k.texts("freeze"),
                k.has("lora") ? Optional.of(LoraSection.of(k)) : Optional.empty(),
                k.has("teacher") ? Optional.of(TeacherSection.of(k)) : Optional.empty(),
                k.whole("seed").orElse(0L),
                k.whole("valid_every").orElse(checkpointEvery),
                checkpointEvery,
                k.whole("snapshots_every").orElse(0L),
                k.required("keep").equals("best"),
                out,
                path(k, "log").orElse(out.resolve("log.jsonl")),
                new Samples(
                        k.texts("samples.prompts"),
                        k.whole("samples.every").orElse(checkpointEvery),
                        small(k, "samples.max_tokens"),
                        k.real("samples.temperature")),
                k.whole("watch_every").orElse(0L),
                path(k, "tensorboard"),
                small(k, "threads"));
    }

    private static int small(RecipeKeys k, String key) {
        return Math.toIntExact(k.whole(key).orElse(0L));
    }

    private static Optional<Path> path(RecipeKeys k, String key) {
        return k.text(key).map(s -> {
            try {
                return Path.of(s);
            } catch (InvalidPathException e) {
                throw new UsageException(k.file() + ": " + key + " is \"" + s + "\", which is no path", e);
            }
        });
    }

    private static Optimizer optimizer(RecipeKeys k) {
        String decay = "optimizer.weight_decay";
        return switch (k.required("optimizer.name")) {
            case "sgd" -> new Optimizer.Sgd(k.real("optimizer.momentum", 0), k.real(decay, 0));
            case "lion" -> {
                double[] betas = betas(k, 0.99);
                yield new Optimizer.Lion(betas[0], betas[1], k.real(decay, 0));
            }
            case "muon" -> {
                double rate = k.real("optimizer.lr");
                String adjust = k.required("optimizer.adjust").replace('-', '_').toUpperCase(Locale.ROOT);
                double all = k.real(decay, 0.1);
                yield new Optimizer.Muon(
                        k.real("optimizer.momentum", 0.95),
                        true,
                        5,
                        Optimizer.Muon.Adjust.valueOf(adjust),
                        all,
                        Set.of(), // which matrices, the model's graph says
                        adamW(k, all),
                        rate == 0 ? 1 : k.real("optimizer.others_lr", rate) / rate);
            }
            default -> adamW(k, k.real(decay, 0.01));
        };
    }

    private static Optimizer.AdamW adamW(RecipeKeys k, double decay) {
        double[] betas = betas(k, 0.999);
        return new Optimizer.AdamW(betas[0], betas[1], k.real("optimizer.eps"), decay);
    }

    private static double[] betas(RecipeKeys k, double second) {
        List<Double> betas = k.reals("optimizer.betas");
        if (betas.isEmpty()) {
            return new double[] {0.9, second};
        }
        if (betas.size() != 2) {
            throw new UsageException(k.file() + ": optimizer.betas is " + betas + "; it must be two numbers below 1");
        }
        return new double[] {betas.get(0), betas.get(1)};
    }

    /** The optimiser for the weights of a graph. */
    public Optimizer optimizerOf(Graph graph) {
        return optimizer instanceof Optimizer.Muon m
                ? new Optimizer.Muon(
                        m.momentum(),
                        m.nesterov(),
                        m.steps(),
                        m.adjust(),
                        m.decay(),
                        Optimizer.Muon.hidden(graph),
                        m.others(),
                        m.othersRate())
                : optimizer;
    }

    private static Schedule schedule(RecipeKeys k, long steps, double rate) {
        double least = k.real("schedule.min_lr");
        if (least > rate) {
            throw new UsageException(k.file() + ": schedule.min_lr is " + least + ", more than optimizer.lr, " + rate);
        }
        long warmup = k.whole("schedule.warmup").orElse(0L);
        String name = k.required("schedule.name");
        if (name.equals("constant") && least > 0) {
            throw new UsageException(
                    k.file() + ": schedule.min_lr has no meaning where schedule.name is constant; leave"
                            + " it out, or choose linear, cosine or wsd");
        }
        long decay = k.whole("schedule.decay").orElse(steps / 10);
        return new Schedule(
                Schedule.Shape.valueOf(name.toUpperCase(Locale.ROOT)),
                steps,
                warmup,
                decay,
                rate == 0 ? 0 : least / rate);
    }
}
