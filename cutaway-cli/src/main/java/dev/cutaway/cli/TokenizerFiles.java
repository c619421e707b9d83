package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.format.Checkpoint;
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
        Optional<Path> given = options.path().filter(p -> Files.isDirectory(p) || Files.isRegularFile(p));
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
}
