package dev.cutaway.cli;

import dev.cutaway.model.EmbeddedModels;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cutaway models}: the models that come with the program. */
@Command(name = "models", description = "The embedded models, which need no download.")
final class Models implements Runnable {
    @Option(names = "--json", description = "An object a model, with all that is known of it.")
    private boolean json;

    @Override
    public void run() {
        try (Out out = new Out()) {
            for (String name : EmbeddedModels.names()) {
                Map<String, Object> manifest = EmbeddedModels.manifest(name);
                if (json) {
                    Map<String, Object> all = Json.object("name", name);
                    manifest.forEach(all::putIfAbsent);
                    out.line(Json.of(all));
                } else {
                    out.line(name + "  " + manifest.getOrDefault("title", ""));
                }
            }
        }
    }
}
