package dev.cutaway.train.run;

import dev.cutaway.model.Blueprint;
import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
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
        List<String> known = List.of("file");
        String key = section.keySet().stream().findFirst().orElse("");
        throw new UsageException(r.file() + ": tokenizer" + (key.isEmpty() ? " is empty" : "." + key + " is not known")
                + "; did you mean " + Nearest.of(key, known) + "?");
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
