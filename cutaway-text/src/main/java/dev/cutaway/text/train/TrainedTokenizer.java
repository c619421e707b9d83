package dev.cutaway.text.train;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A tokenizer that was trained, as the files that it is written to. */
public final class TrainedTokenizer {
    private final byte[] json;
    private final byte[] config;
    private final Tokenizer tokenizer;

    TrainedTokenizer(byte[] json, byte[] config) {
        this.json = json;
        this.config = config;
        this.tokenizer = Tokenizers.fromJson(json, "tokenizer.json");
    }

    /** The tokenizer, opened from {@link #json}. Which token has which role only {@link #writeDirectory} says. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Number of tokens. */
    public int vocabularySize() {
        return tokenizer.vocabularySize();
    }

    /** The content of {@code tokenizer.json}. */
    public byte[] json() {
        return json.clone();
    }

    /** The content of {@code tokenizer_config.json}, which names the tokens with a role (bos, eos, unk, pad, cls, sep, mask). */
    public byte[] config() {
        return config.clone();
    }

    /** Writes {@code tokenizer.json} under this name: whole or not at all. */
    public void writeJson(Path file) {
        write(file, json);
    }

    /** Writes {@code tokenizer.json} and {@code tokenizer_config.json} into a directory, which is made if it is missing. */
    public void writeDirectory(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw failed(directory, e);
        }
        write(directory.resolve("tokenizer.json"), json);
        write(directory.resolve("tokenizer_config.json"), config);
    }

    private static void write(Path file, byte[] content) {
        Path target = file.toAbsolutePath();
        String unique = Long.toHexString(ProcessHandle.current().pid()) + Long.toHexString(System.nanoTime());
        Path part = target.resolveSibling("." + target.getFileName() + "." + unique + ".part");
        try {
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    out.write(rest);
                }
                out.force(true);
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            remove(part, e);
            throw failed(file, e);
        }
    }

    private static void remove(Path part, IOException problem) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            problem.addSuppressed(e);
        }
    }

    private static CutawayException failed(Path path, IOException e) {
        String reason = String.valueOf(e.getMessage());
        return reason.contains("No space left") || reason.contains("not enough space")
                ? new ResourceException(path + ": the disk is full; free some space, or choose another place", e)
                : new BadInputException(
                        path + ": cannot be written (" + e.getClass().getSimpleName() + ": " + reason
                                + "); check that the folder is there and may be written to",
                        e);
    }
}
