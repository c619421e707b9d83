package dev.cutaway.text;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.load.GgufTokenizer;
import dev.cutaway.text.load.SentencePieceFile;
import dev.cutaway.text.load.TokenizerConfig;
import dev.cutaway.text.load.TokenizerJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

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
        Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        if (!Files.exists(file) || directory == null) {
            throw new BadInputException(path + ": no tokenizer here; expected tokenizer.json");
        }
        TokenizerConfig config = TokenizerConfig.read(directory);
        return new Tokenizer(file.toString().endsWith(".model") ? SentencePieceFile.read(file, config) : TokenizerJson.read(file, config));
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
