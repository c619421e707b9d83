package dev.cutaway.cli;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Texts of the command line; {@code -} stands for the lines of standard input. */
final class Texts {
    private static final long MAX_FILE = 1L << 30;

    private Texts() {}

    /** Gives each text to the consumer as it is there. */
    static void each(List<String> texts, Consumer<String> consumer) {
        if (texts.isEmpty()) {
            throw new UsageException("give a TEXT, or - to read lines from standard input");
        }
        for (String text : texts) {
            if (text.equals("-")) {
                Lines lines = Lines.standardInput();
                for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
                    consumer.accept(line.get());
                }
            } else {
                consumer.accept(text);
            }
        }
    }

    /**
     * Gives each text to the consumer, who answers several at once.
     *
     * @param refused is told of each line that is no text; the others follow
     * @param waiting is run whenever the next line is not there yet
     */
    static void each(
            List<String> texts,
            BiConsumer<String, String> consumer,
            Consumer<BadInputException> refused,
            Runnable waiting) {
        int number = 0;
        for (String text : texts) {
            number++;
            if (!text.equals("-")) {
                consumer.accept(text, "text " + number);
                continue;
            }
            Lines lines = Lines.standardInput(waiting);
            boolean more = true;
            while (more) {
                Optional<String> line;
                try {
                    line = lines.next();
                } catch (BadInputException e) {
                    refused.accept(e);
                    continue;
                }
                line.ifPresent(l -> consumer.accept(l, lines.where()));
                more = line.isPresent();
            }
        }
    }

    /** A file of UTF-8 of at most a gibibyte. */
    static String file(Path path) {
        try {
            if (!Files.isRegularFile(path)) {
                throw new BadInputException(path + (Files.exists(path) ? ": is no regular file" : ": no such file")
                        + "; give a file of text");
            }
            if (Files.size(path) > MAX_FILE) {
                throw new BadInputException(
                        path + ": " + Files.size(path) + " bytes; at most " + MAX_FILE + ", divide it");
            }
            return Lines.decode(Files.readAllBytes(path), path.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
