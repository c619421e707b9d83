package dev.cutaway.cli;

import dev.cutaway.inspect.InspectorServer;
import dev.cutaway.inspect.RunModels;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.run.Recipe;
import dev.cutaway.train.run.RecipeFile;
import dev.cutaway.train.run.RecipeKeys;
import dev.cutaway.train.run.TrainingRun;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Stack;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cutaway train}: trains or fine-tunes a model by a recipe. */
@Command(
        name = "train",
        description = "Trains or fine-tunes a model by a recipe.",
        footer = "--keys lists all keys of a recipe, with what they mean.")
final class Train implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before anything runs
    private CommandSpec spec;

    @Parameters(index = "0", arity = "0..1", paramLabel = "RECIPE", description = "A file of YAML or JSON.")
    private @Nullable Path file;

    @Option(
            names = "--set",
            parameterConsumer = Settings.class,
            paramLabel = "KEY=VALUE",
            description = "Other values for keys, such as optimizer.lr=1e-4 steps=100; repeatable.")
    private List<String> sets = new ArrayList<>();

    @Option(names = "--resume", description = "Goes on with the run that out holds, from its last checkpoint.")
    private boolean resume;

    @Option(names = "--overwrite", description = "Removes the run that out holds, and starts again.")
    private boolean overwrite;

    @Option(
            names = "--inspect",
            description =
                    "Shows the training in the inspector while it runs, and prints the address; ends with Ctrl-C.")
    private boolean inspect;

    @Option(names = "--port", paramLabel = "N", description = "The inspector's port; any free one by default.")
    private @Nullable Integer port;

    @Option(names = "--keys", description = "Lists the keys of a recipe, and does nothing else.")
    private boolean keys;

    @Override
    public void run() {
        if (keys) {
            try (Out out = new Out()) {
                RecipeKeys.lines().forEach(out::line);
            }
            return;
        }
        Path recipeFile = file;
        if (recipeFile == null) {
            throw new UsageException("train: give a recipe, a file of YAML or JSON; see cutaway train --help");
        }
        if (port != null && (port < 0 || port > 65_535)) {
            throw new UsageException("--port " + port + ": give a number from 0 (any free one) to 65535");
        }
        if (resume && overwrite) {
            throw new UsageException("give either --resume or --overwrite");
        }
        Map<String, Object> tree = RecipeFile.read(recipeFile, sets);
        if (spec.commandLine().getParseResult().hasMatchedOption("--threads")) {
            tree.put("threads", ((Cutaway) spec.root().userObject()).threads());
        }
        Recipe recipe = Recipe.of(recipeFile.toString(), tree);
        if (!inspect && port == null) {
            train(recipe);
            return;
        }
        // In this process, since a page that nobody looks at costs nothing: no thread of it runs then.
        OpenOptions options =
                OpenOptions.defaults().withThreads(((Cutaway) spec.root().userObject()).threads());
        try (RunModels models = new RunModels(recipe.out(), options);
                InspectorServer server = InspectorServer.start(models, "127.0.0.1", port == null ? 0 : port)) {
            System.err.println("the inspector shows the training at " + server.address());
            if (train(recipe)) {
                System.err.println("The inspector runs until Ctrl-C.");
                Thread.currentThread().join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return whether all steps are done */
    private boolean train(Recipe recipe) {
        TrainingRun.Existing there = resume
                ? TrainingRun.Existing.RESUME
                : overwrite ? TrainingRun.Existing.OVERWRITE : TrainingRun.Existing.REFUSE;
        try (Stop stop = new Stop();
                Downloads downloads = new Downloads(false);
                TrainProgress shown = new TrainProgress(recipe);
                Out out = new Out()) {
            try {
                TrainingRun.Result r = TrainingRun.run(
                        recipe, there, OpenOptions.defaults().withProgress(downloads), stop::asked, shown);
                shown.clear();
                if (r.finished()) {
                    out.line(said(recipe, r));
                } else {
                    System.err.println("stopped after step " + r.step() + " of " + recipe.steps()
                            + ", which is saved; go on with --resume");
                }
                return r.finished();
            } catch (RuntimeException | Error e) {
                shown.clear();
                if (stop.asked()) { // the process ends before anybody else could say it
                    Failure.of(e).report(new PrintWriter(System.err, true, StandardCharsets.UTF_8), Log.verbose());
                }
                throw e;
            }
        }
    }

    private static String said(Recipe recipe, TrainingRun.Result r) {
        String valid = r.validLoss()
                .map(v -> String.format(Locale.ROOT, ", valid %.4f", v))
                .orElse("");
        return String.format(
                Locale.ROOT, "%s: %d steps, loss %.4f%s, %.1f s", recipe.out(), r.step(), r.loss(), valid, r.seconds());
    }

    /** {@code --set a=1 b=2}: all pairs that follow, so that the recipe may stand behind them. */
    static final class Settings implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> args, ArgSpec argSpec, CommandSpec command) {
            if (args.isEmpty()) {
                throw new ParameterException(
                        command.commandLine(), "Missing required parameter for option '--set' (KEY=VALUE)");
            }
            List<String> all = argSpec.getValue();
            all.add(args.pop());
            while (!args.isEmpty() && args.peek().matches("(?s)[A-Za-z_][\\w.-]*=.*")) {
                all.add(args.pop());
            }
        }
    }

    /**
     * What a signal that ends the process waits for: that the run has saved itself and left. The exit code is then the signal's, 130 or
     * 143.
     */
    private static final class Stop implements AutoCloseable {
        private final CountDownLatch left = new CountDownLatch(1);
        private final Thread hook = new Thread(this::untilLeft, "cutaway-stop");
        private volatile boolean asked;

        Stop() {
            Runtime.getRuntime().addShutdownHook(hook);
        }

        private void untilLeft() {
            asked = true;
            try {
                left.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        boolean asked() {
            return asked;
        }

        @Override
        public void close() {
            left.countDown();
            if (!asked) {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                } catch (IllegalStateException e) {
                    // A signal came just now; there is nothing left to wait for.
                }
            }
        }
    }
}
