package dev.cutaway.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.GgufModel;
import dev.cutaway.model.hub.Hub;
import dev.cutaway.model.hub.HubReference;
import dev.cutaway.model.hub.HubSettings;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import dev.cutaway.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The files that make a model: where each part of it comes from. */
interface ModelFiles {
    String name();

    Config config();

    Checkpoint checkpoint();

    Optional<Config> generationConfig();

    Optional<Path> directory();

    Tokenizer loadTokenizer();

    boolean hasTokenizer();

    Optional<ChatTemplate> chatTemplate();

    /** End tokens that the configuration files name. */
    default Set<Integer> endTokens() {
        Set<Integer> ids = new HashSet<>();
        generationConfig().ifPresent(g -> addIds(ids, g.values().get("eos_token_id")));
        addIds(ids, config().values().get("eos_token_id"));
        return ids;
    }

    private static void addIds(Set<Integer> ids, @Nullable Object v) {
        if (v instanceof Number n) {
            ids.add(n.intValue());
        } else if (v instanceof List<?> l) {
            l.forEach(x -> addIds(ids, x));
        }
    }

    /** Finds what MODEL names. */
    static ModelFiles of(String model, OpenOptions options) {
        if (HubReference.is(model)) {
            Path fetched = new Hub(HubSettings.ofProcess(), options.progress()).fetch(HubReference.parse(model));
            return Files.isDirectory(fetched) ? new DirectoryFiles(fetched, model) : new GgufFiles(fetched, model);
        }
        Path path = Path.of(model);
        if (Files.isDirectory(path)) {
            return new DirectoryFiles(path);
        }
        if (Files.exists(path)) {
            return new GgufFiles(path);
        }
        Optional<Path> embedded = EmbeddedModels.path(model);
        if (embedded.isPresent()) {
            Path at = embedded.get();
            return Files.isDirectory(at) ? new DirectoryFiles(at, model) : new GgufFiles(at, model);
        }
        throw new BadInputException(model + ": no such model; give a directory with config.json, a .gguf file, "
                + "hf:owner/name, or the name of an embedded model (" + String.join(", ", EmbeddedModels.names())
                + ")");
    }

    /** A Hugging Face style directory. */
    record DirectoryFiles(String name, Path path, Config config, Checkpoint checkpoint) implements ModelFiles {
        DirectoryFiles(Path path) {
            this(path, path.toAbsolutePath().normalize().getFileName() + "");
        }

        DirectoryFiles(Path path, String name) {
            this(name, path, json(path.resolve("config.json")), Checkpoint.open(path));
        }

        @Override
        public Optional<Config> generationConfig() {
            Path file = path.resolve("generation_config.json");
            return Files.isRegularFile(file) ? Optional.of(json(file)) : Optional.empty();
        }

        @Override
        public Optional<Path> directory() {
            return Optional.of(path);
        }

        @Override
        public Tokenizer loadTokenizer() {
            return Tokenizers.load(path);
        }

        @Override
        public boolean hasTokenizer() {
            return java.util.stream.Stream.of(
                            "tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt")
                    .anyMatch(f -> Files.isRegularFile(path.resolve(f)));
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            Path jinja = path.resolve("chat_template.jinja");
            if (Files.isRegularFile(jinja)) {
                return Optional.of(ChatTemplate.of(jinja.toString(), read(jinja, 1 << 20)));
            }
            Path file = path.resolve("tokenizer_config.json");
            return Files.isRegularFile(file)
                    ? Optional.ofNullable(json(file).values().get("chat_template"))
                            .flatMap(t -> ChatTemplate.ofField(file.toString(), t))
                    : Optional.empty();
        }
    }

    /** A GGUF file, which holds everything. */
    record GgufFiles(String name, GgufModel checkpoint, Config config) implements ModelFiles {
        GgufFiles(Path path) {
            this(path, path.getFileName() + "");
        }

        GgufFiles(Path path, String name) {
            this(name, GgufModel.open(path));
        }

        private GgufFiles(String name, GgufModel file) {
            this(name, file, new Config(file.file().toString(), file.config()));
        }

        @Override
        public Optional<Config> generationConfig() {
            return Optional.empty();
        }

        @Override
        public Optional<Path> directory() {
            return Optional.empty();
        }

        @Override
        public Tokenizer loadTokenizer() {
            return Tokenizers.fromGguf(checkpoint.metadata(), checkpoint.file().toString());
        }

        @Override
        public boolean hasTokenizer() {
            return checkpoint.keys().has("tokenizer.ggml.model");
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            return checkpoint.keys().string("tokenizer.chat_template").map(ChatTemplate::of);
        }
    }

    /** Reads a JSON object from a file of at most 64 MB. */
    static Config json(Path file) {
        try {
            Map<String, Object> values =
                    new ObjectMapper().readValue(read(file, 64 << 20), new TypeReference<Map<String, Object>>() {});
            if (values == null) {
                throw new BadInputException(file + ": is null; it must hold a JSON object");
            }
            return new Config(file.toString(), values);
        } catch (JsonProcessingException e) {
            String at =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            throw new BadInputException(file + ": is not a JSON object" + at + "; check that the file is complete");
        }
    }

    private static String read(Path file, int limit) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadInputException(file + ": no such file; the directory is not a model's, or incomplete");
            }
            if (Files.size(file) > limit) {
                throw new BadInputException(
                        file + ": has " + Files.size(file) + " bytes; at most " + limit + " are read");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new BadInputException(
                    file + ": cannot be read (" + e.getMessage() + "); check its permissions and encoding");
        }
    }
}
