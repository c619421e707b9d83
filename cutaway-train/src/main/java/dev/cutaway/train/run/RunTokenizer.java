package dev.cutaway.train.run;

import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import dev.cutaway.text.train.TokenizerProgress;
import dev.cutaway.text.train.TokenizerTrainer;
import dev.cutaway.text.train.TrainedTokenizer;
import dev.cutaway.train.data.Texts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's tokenizer.
 *
 * @param tokenizer what encodes
 * @param files the files that it is written as, by name
 */
record RunTokenizer(Tokenizer tokenizer, Map<String, byte[]> files) {
    private static final List<String> NAMES = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "tokenizer.model",
            "spiece.model",
            "chat_template.jinja");

    /** The one that the recipe names; empty if it names none. */
    static Optional<RunTokenizer> given(Recipe r) {
        if (r.tokenizer().isEmpty()) {
            return Optional.empty();
        }
        Map<String, Object> section = r.tokenizer().get();
        if (section.get("file") instanceof String file) {
            for (String key : section.keySet()) {
                if (!key.equals("file")) {
                    throw new UsageException(r.file() + ": tokenizer." + key
                            + " does not go with tokenizer.file; leave one of them out");
                }
            }
            Path p = Path.of(file);
            Tokenizer t = Tokenizers.load(p);
            return Optional.of(new RunTokenizer(t, Files.isDirectory(p) ? files(p) : single(p)));
        }
        if (section.get("train") instanceof String kind) {
            Map<String, Object> options = new LinkedHashMap<>(section);
            options.remove("train");
            return Optional.of(trained(r, kind, options));
        }
        List<String> known = List.of("file", "train");
        String key = section.keySet().stream().findFirst().orElse("");
        throw new UsageException(r.file() + ": tokenizer" + (key.isEmpty() ? " is empty" : "." + key + " is not known")
                + "; did you mean " + Nearest.of(key, known) + "?");
    }

    /** One that is trained on the run's own texts, the same each time; opened as it will be from the directory that it is written to. */
    private static RunTokenizer trained(Recipe r, String kind, Map<String, Object> options) {
        TokenizerTrainer trainer = TokenizerTrainer.of(kind, options);
        String objective = r.objective().orElse("next-token");
        try (Texts texts = Texts.of(r.data(), objective)) {
            Path directory = Files.createTempDirectory("cutaway-tokenizer");
            try {
                TrainedTokenizer t = trainer.train(texts, TokenizerProgress.NONE);
                t.writeDirectory(directory);
                return new RunTokenizer(Tokenizers.load(directory), files(directory));
            } finally {
                for (String n : NAMES) {
                    Files.deleteIfExists(directory.resolve(n));
                }
                Files.deleteIfExists(directory);
            }
        } catch (IOException e) {
            throw new BadInputException("no room for a tokenizer's files (" + e.getMessage() + ")", e);
        }
    }

    /** The one that comes with the model; empty if none does. */
    static Optional<RunTokenizer> of(Blueprint b) {
        return b.tokenizer().map(t -> new RunTokenizer(t, b.tokenizerFiles()));
    }

    private static Map<String, byte[]> files(Path directory) {
        Map<String, byte[]> out = new LinkedHashMap<>();
        for (String n : NAMES) {
            if (Files.isRegularFile(directory.resolve(n))) {
                out.put(n, read(directory.resolve(n)));
            }
        }
        return out;
    }

    private static Map<String, byte[]> single(Path file) {
        Map<String, byte[]> out = new LinkedHashMap<>();
        String name = String.valueOf(file.getFileName());
        out.put(name.endsWith(".json") ? "tokenizer.json" : name, read(file));
        Path config = file.resolveSibling("tokenizer_config.json");
        if (Files.isRegularFile(config)) {
            out.put("tokenizer_config.json", read(config));
        }
        return out;
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Fields of a configuration that the tokenizer knows. */
    static void complete(Map<String, Object> fields, Tokenizer t) {
        fields.putIfAbsent("vocab_size", t.vocabularySize());
        t.special().bos().ifPresent(i -> fields.putIfAbsent("bos_token_id", i));
        t.special().eos().ifPresent(i -> fields.putIfAbsent("eos_token_id", i));
        t.special().pad().ifPresent(i -> fields.putIfAbsent("pad_token_id", i));
    }
}
