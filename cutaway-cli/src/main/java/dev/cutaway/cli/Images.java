package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;

/** Reads images as models want them. */
final class Images {
    private Images() {}

    /** Pixels {@code [channel, height, width]}, sized and normalised for the model. */
    static Tensor read(Model model, Path file) {
        throw new UsageException("--image " + file + " with " + model + ": not yet; give --inputs with pixel_values");
    }
}
