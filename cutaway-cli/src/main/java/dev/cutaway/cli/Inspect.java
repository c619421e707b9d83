package dev.cutaway.cli;

import dev.cutaway.inspect.EngineModels;
import dev.cutaway.inspect.InspectorServer;
import dev.cutaway.inspect.ModelSource;
import dev.cutaway.inspect.RunModels;
import dev.cutaway.model.AdapterChoice;
import dev.cutaway.model.EmbeddedModels;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code cutaway inspect}: starts the inspector. */
@Command(
        name = "inspect",
        description =
                "Starts the inspector in a browser; on an embedded model without MODEL. On the directory of a training"
                        + " run, finished or going on, it shows the training and every model that the run has saved.")
final class Inspect implements Runnable {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli before anything runs
    private Cutaway cutaway;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "MODEL",
            description =
                    "A directory, a .gguf file, an embedded model's name, hf:owner/name[/file], or a training run's"
                            + " directory.")
    private @Nullable String model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR[=WEIGHT]",
            description = "Adds a LoRA adapter in PEFT's files to MODEL's weights; may be repeated.")
    private final List<String> adapters = new ArrayList<>();

    @Option(names = "--port", paramLabel = "N", description = "The port; any free one by default.")
    private int port;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "The address to listen on; ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(names = "--no-open", description = "Only print the address; open no browser.")
    private boolean noOpen;

    /** As {@code cutaway} does without arguments. */
    static void start(Cutaway cutaway) {
        Inspect inspect = new Inspect();
        inspect.cutaway = cutaway;
        inspect.run();
    }

    @Override
    public void run() {
        if (port < 0 || port > 65_535) {
            throw new UsageException("--port " + port + ": give a number from 0 (any free one) to 65535");
        }
        Optional<Path> run = run(model);
        if (run.isPresent()) {
            training(run.get());
            return;
        }
        requireSomething(model);
        List<String> names = new ArrayList<>(EmbeddedModels.names());
        if (model != null) {
            names.remove(model);
            names.addFirst(model);
        }
        List<AdapterChoice> added = adapters.stream().map(AdapterChoice::parse).toList();
        if (!added.isEmpty()) {
            if (model == null) {
                throw new UsageException("--adapter belongs to a model; name MODEL too");
            }
            names.retainAll(List.of(model)); // it fits no other
        }
        Downloads downloads = new Downloads(false);
        ModelSource source = new EngineModels(
                names,
                OpenOptions.defaults()
                        .withThreads(cutaway.threads())
                        .withAdapters(added)
                        .withProgress(downloads));
        try {
            // What cannot be opened is said here and not first on the page.
            open(source, names.getFirst(), downloads);
            serve(source);
        } finally {
            source.close();
        }
    }

    private void serve(ModelSource source) {
        try (InspectorServer server = InspectorServer.start(source, host, port)) {
            System.out.println(server.address());
            System.out.flush();
            System.err.println("The inspector runs until Ctrl-C.");
            if (!noOpen) {
                browse(server.address());
            }
            Thread.currentThread().join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The directory of a training run, if that is what was named. */
    private static Optional<Path> run(@Nullable String named) {
        try {
            return Optional.ofNullable(named).map(Path::of).filter(RunModels::isRun);
        } catch (InvalidPathException e) {
            return Optional.empty(); // hf: names are no paths everywhere
        }
    }

    /** A directory may be a model's or a run's; one that is neither is told so in these words. */
    private static void requireSomething(@Nullable String named) {
        try {
            Path directory = Path.of(named == null ? "" : named);
            boolean model = List.of("config.json", "adapter_config.json").stream()
                    .anyMatch(f -> Files.exists(directory.resolve(f)));
            if (named != null && !EmbeddedModels.names().contains(named) && Files.isDirectory(directory) && !model) {
                throw new BadInputException(directory + ": holds neither a model (config.json) nor a training run"
                        + " (run.jsonl); name the directory of one");
            }
        } catch (InvalidPathException e) {
            // an hf: name, met again by whoever opens it
        }
    }

    private void training(Path directory) {
        if (!adapters.isEmpty()) {
            throw new UsageException("--adapter belongs to a model, and " + directory
                    + " is a training run; name one of its models, such as " + directory + "/checkpoints/step-N");
        }
        RunModels.check(directory);
        try (ModelSource source =
                new RunModels(directory, OpenOptions.defaults().withThreads(cutaway.threads()))) {
            serve(source);
        }
    }

    @SuppressWarnings("try") // the bar is taken away, whatever comes
    private static void open(ModelSource source, String name, Downloads downloads) {
        try (downloads) {
            source.open(name);
        }
    }

    /** Opens a browser where there is a screen; the address is printed in any case. */
    static void browse(URI address) {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        boolean screen = System.getenv("DISPLAY") != null || System.getenv("WAYLAND_DISPLAY") != null;
        List<String> command = system.contains("mac")
                ? List.of("open", address.toString())
                : system.contains("win")
                        ? List.of("rundll32", "url.dll,FileProtocolHandler", address.toString())
                        : screen ? List.of("xdg-open", address.toString()) : List.of();
        if (command.isEmpty()) {
            return;
        }
        try {
            new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            System.getLogger(Inspect.class.getName()).log(System.Logger.Level.INFO, "no browser could be opened");
        }
    }
}
