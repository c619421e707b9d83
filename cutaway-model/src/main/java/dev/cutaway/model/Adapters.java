package dev.cutaway.model;

import dev.cutaway.graph.Graph;
import dev.cutaway.model.hub.HubReference;
import dev.cutaway.model.lora.Adapter;
import dev.cutaway.model.lora.Lora;
import dev.cutaway.tensor.BadInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where adapters come from: named by the user, or lying in the model's directory. */
final class Adapters {
    private Adapters() {}

    /** The model to open, and the options with the adapters that its directory holds. */
    record Found(String model, OpenOptions options) {}

    /** As transformers: an adapter beside a model is added to it; an adapter alone says which model it belongs to. */
    static Found find(String model, OpenOptions options) {
        Optional<Path> directory = directory(model);
        if (directory.isEmpty() || !Adapter.isIn(directory.get())) {
            return new Found(model, options);
        }
        Path d = directory.get();
        List<AdapterChoice> all = new ArrayList<>(List.of(new AdapterChoice(d, 1)));
        all.addAll(options.adapters());
        boolean alone = !Files.exists(d.resolve("config.json"));
        return new Found(alone ? base(d) : model, options.withAdapters(all));
    }

    private static Optional<Path> directory(String model) {
        try {
            return HubReference.is(model)
                    ? Optional.empty()
                    : Optional.of(Path.of(model)).filter(Files::isDirectory);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** The model that an adapter belongs to: a path from the adapter's directory or the working directory, an embedded model, or one on the hub. */
    private static String base(Path directory) {
        String stated = Adapter.base(directory)
                .orElseThrow(() -> new BadInputException(directory.resolve(Adapter.CONFIG)
                        + ": base_model_name_or_path is missing; give the model itself, and --adapter " + directory));
        try {
            Path beside = directory.resolve(stated).normalize();
            if (Files.exists(beside)) {
                return beside.toString();
            }
        } catch (InvalidPathException e) {
            // A name of another kind.
        }
        if (directory(stated).isPresent() || EmbeddedModels.path(stated).isPresent()) {
            return stated;
        }
        if (stated.matches("[\\w.-]+/[\\w.-]+")) {
            return "hf:" + stated;
        }
        throw new BadInputException(directory.resolve(Adapter.CONFIG) + ": base_model_name_or_path is " + stated
                + ", which is not there; give the model itself, and --adapter " + directory);
    }

    /** Opens adapters and puts them into a graph. */
    static Lora add(Graph graph, List<AdapterChoice> choices, String basePrefix) {
        List<Lora.Given> opened = new ArrayList<>();
        try {
            choices.forEach(c -> opened.add(new Lora.Given(Adapter.open(c.directory()), c.weight())));
            return Lora.of(graph, opened, basePrefix);
        } catch (RuntimeException e) {
            opened.forEach(g -> g.adapter().close());
            throw e;
        }
    }
}
