package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.hub.Hub;
import dev.cutaway.model.hub.HubReference;
import dev.cutaway.model.hub.HubSettings;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** A model's tokenizer without the model, where its files allow it. */
final class TokenizerFiles {
    private TokenizerFiles() {}

    static Tokenizer open(ModelOptions options) {
        Optional<Path> given = HubReference.is(options.name())
                ? Optional.of(fetched(options))
                : options.path().filter(p -> Files.isDirectory(p) || Files.isRegularFile(p));
        if (given.isEmpty()) {
            try (Model model = options.open()) {
                return model.tokenizer();
            }
        }
        Path path = given.get();
        if (Files.isDirectory(path) || !path.toString().toLowerCase(Locale.ROOT).endsWith(".gguf")) {
            return Tokenizers.load(path);
        }
        try (Checkpoint file = Checkpoint.open(path)) {
            return Tokenizers.fromGguf(file.metadata(), path.toString());
        }
    }

    private static Path fetched(ModelOptions options) {
        try (Downloads downloads = new Downloads(options.json())) {
            return new Hub(HubSettings.ofProcess(), downloads).fetchTokenizer(HubReference.parse(options.name()));
        }
    }
}
