package dev.cutaway.text;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.load.GgufTokenizer;
import dev.cutaway.text.load.PlainFiles;
import dev.cutaway.text.load.SentencePieceFile;
import dev.cutaway.text.load.TokenizerConfig;
import dev.cutaway.text.load.TokenizerJson;
import dev.cutaway.text.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Opens tokenizers. Every method throws {@link BadInputException} for a file that is missing, damaged or of an unknown kind. */
public final class Tokenizers {
    private Tokenizers() {}

    /**
     * The tokenizer of a model directory, or of one file.
     *
     * <p>In a directory: {@code tokenizer.json}, else a SentencePiece {@code .model}, else {@code vocab.json} with
     * {@code merges.txt}, else {@code vocab.txt}; the roles of tokens come from {@code tokenizer_config.json} and
     * {@code special_tokens_map.json}. A file is told by its name.
     */
    public static Tokenizer load(Path path) {
        if (!Files.exists(path)) {
            throw new BadInputException(path + ": not there; give a model directory or a tokenizer file");
        }
        Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        Path file = Files.isDirectory(path) ? inDirectory(path) : path;
        TokenizerConfig config = directory == null ? TokenizerConfig.NONE : TokenizerConfig.read(directory);
        return new Tokenizer(read(file, config));
    }

    private static Path inDirectory(Path directory) {
        for (String name : List.of("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        try (Stream<Path> all = Files.list(directory)) {
            Optional<Path> model =
                    all.filter(p -> p.toString().endsWith(".model")).sorted().findFirst();
            if (model.isPresent()) {
                return model.get();
            }
        } catch (IOException e) {
            throw new BadInputException(
                    directory + ": cannot be listed (" + e.getMessage() + "); check its permissions", e);
        }
        for (String name : List.of("vocab.json", "vocab.txt")) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        throw new BadInputException(directory + ": no tokenizer here; expected tokenizer.json, a SentencePiece .model,"
                + " vocab.json with merges.txt, or vocab.txt; get it from where the model is from");
    }

    private static Pipeline read(Path file, TokenizerConfig config) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".model")) {
            return SentencePieceFile.read(file, config);
        }
        if (name.endsWith(".txt")) {
            return PlainFiles.wordPiece(file, config);
        }
        if (name.equals("vocab.json")) {
            Path merges = file.resolveSibling("merges.txt");
            if (!Files.exists(merges)) {
                throw new BadInputException(merges + ": not there; vocab.json needs its merges.txt, get it too");
            }
            return PlainFiles.bytePair(file, merges, config);
        }
        return TokenizerJson.read(file, config);
    }

    /** The tokenizer in the content of a {@code tokenizer.json}; {@code name} is for messages. */
    public static Tokenizer fromJson(byte[] content, String name) {
        return new Tokenizer(TokenizerJson.parse(content, name));
    }

    /** The tokenizer in the content of a SentencePiece {@code .model}; {@code name} is for messages. */
    public static Tokenizer fromSentencePiece(byte[] content, String name) {
        return new Tokenizer(SentencePieceFile.read(content, name, TokenizerConfig.NONE));
    }

    /**
     * The tokenizer inside a GGUF file.
     *
     * @param metadata the file's metadata: strings, boxed numbers and booleans, and arrays or lists of them
     * @param name the file's name, for messages
     */
    public static Tokenizer fromGguf(Map<String, Object> metadata, String name) {
        return new Tokenizer(GgufTokenizer.read(metadata, name));
    }
}
