package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;

/** The smallest input of a model, to list its tensors where none is given. */
final class Examples {
    private Examples() {}

    static Sample of(Model model) {
        if (model.family() == Family.VISION) {
            ImageSizes sizes = ImageSizes.of(model.config());
            return Sample.image(Tensor.zeros(sizes.channels(), sizes.height(), sizes.width()));
        }
        return model.family() == Family.ENCODER_DECODER
                ? Sample.pair(new int[] {0}, new int[] {0})
                : Sample.text(new int[] {0}, new int[0]);
    }
}
