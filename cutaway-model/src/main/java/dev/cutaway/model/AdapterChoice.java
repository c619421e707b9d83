package dev.cutaway.model;

import dev.cutaway.tensor.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An adapter to open a model with.
 *
 * @param directory where {@code adapter_config.json} lies
 * @param weight how much of it is added; 1 as it was trained
 */
public record AdapterChoice(Path directory, double weight) {
    public AdapterChoice {
        if (!Double.isFinite(weight)) {
            throw new UsageException("--adapter " + directory + "=" + weight + ": the weight must be a number");
        }
    }

    /** Reads {@code DIR} or {@code DIR=WEIGHT}. */
    public static AdapterChoice parse(String text) {
        int at = text.lastIndexOf('=');
        if (at < 0 || Files.isDirectory(Path.of(text))) {
            return new AdapterChoice(Path.of(text), 1);
        }
        try {
            return new AdapterChoice(Path.of(text.substring(0, at)), Double.parseDouble(text.substring(at + 1)));
        } catch (NumberFormatException e) {
            throw new UsageException(
                    "--adapter " + text + ": " + text.substring(at + 1) + " is no number; give DIR or DIR=0.5", e);
        }
    }
}
