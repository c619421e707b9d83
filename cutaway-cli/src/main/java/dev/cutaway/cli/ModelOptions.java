package dev.cutaway.cli;

import dev.cutaway.model.AdapterChoice;
import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.model.hub.HubReference;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What every command takes that opens a model. */
final class ModelOptions {
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec; // null where picocli was not asked

    private int plainThreads = Runtime.getRuntime().availableProcessors();
    private boolean plainJson;

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "A directory with config.json and safetensors, a .gguf file, the name of an embedded model "
                    + "(see cutaway models), or hf:owner/name[/file].")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR[=WEIGHT]",
            description =
                    "Adds a LoRA adapter in PEFT's files to the model's weights, WEIGHT times (1); may be repeated.")
    private final List<String> adapters = new ArrayList<>();

    /** The adapters to add. */
    List<AdapterChoice> adapters() {
        return adapters.stream().map(AdapterChoice::parse).toList();
    }

    /** Takes what {@link PlainRun} has read. */
    void plain(String name, int threads, boolean json) {
        model = name;
        plainThreads = threads;
        plainJson = json;
    }

    /** MODEL as it was given. */
    String name() {
        return model;
    }

    /** The file or directory that MODEL is; empty for other names, some of which are no path everywhere (hf:...). */
    Optional<Path> path() {
        try {
            return HubReference.is(model)
                    ? Optional.empty()
                    : Optional.of(Path.of(model)).filter(Files::exists);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** Threads that compute. */
    int threads() {
        return spec == null ? plainThreads : ((Cutaway) spec.root().userObject()).threads();
    }

    /** Whether {@code --json} was given, so that nothing is drawn. */
    boolean json() {
        return spec == null ? plainJson : spec.commandLine().getParseResult().hasMatchedOption("--json");
    }

    Model open() {
        return open(false);
    }

    /** Without adapters. */
    Model openPlain() {
        try (Downloads downloads = new Downloads(json())) {
            return Model.open(
                    model, OpenOptions.defaults().withThreads(threads()).withProgress(downloads));
        }
    }

    Model open(boolean exact) {
        return open(exact, "f32");
    }

    /**
     * Opens the model, after a download where it has to come from the hub.
     *
     * @param cache how keys and values are kept: f32 or f16
     */
    Model open(boolean exact, String cache) {
        boolean halves = cache.equalsIgnoreCase("f16");
        if (!halves && !cache.equalsIgnoreCase("f32")) {
            throw new UsageException("--cache " + cache + ": f32 or f16");
        }
        if (exact && halves) {
            throw new UsageException("--cache f16: --exact rounds nothing; give one of them");
        }
        try (Downloads downloads = new Downloads(json())) {
            return Model.open(
                    model,
                    OpenOptions.defaults()
                            .withThreads(threads())
                            .withExact(exact)
                            .withCache(halves ? DType.F16 : DType.F32)
                            .withAdapters(adapters())
                            .withProgress(downloads));
        }
    }
}
