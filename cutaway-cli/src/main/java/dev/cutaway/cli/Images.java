package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.image.Picture;
import dev.cutaway.model.image.Preprocessor;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;

/** Reads images as models want them. */
final class Images {
    private Images() {}

    /** Pixels {@code [channel, height, width]}, sized and normalised for the model. */
    static Tensor read(Model model, Path file) {
        if (!model.readsImages()) {
            throw new UsageException(model + " reads no images; use a model that does (vit, captioner ...)");
        }
        Path directory = model.directory()
                .orElseThrow(() -> new BadInputException(model + ": has no preprocessor_config.json, which says how "
                        + "images are prepared; give the model's directory"));
        int channels = ImageSizes.of(model.config()).channels();
        Tensor pixels = Preprocessor.open(directory).pixels(Picture.read(file), channels);
        return pixels.reshape(pixels.dim(1), pixels.dim(2), pixels.dim(3));
    }
}
