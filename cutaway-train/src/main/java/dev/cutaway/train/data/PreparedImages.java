package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Prepared pixels and classes. */
final class PreparedImages implements Source {
    private static final String PIXELS = "pixel_values";
    private final Prepared file;

    PreparedImages(Prepared file) {
        this.file = file;
        file.require(PIXELS, true, 4);
        file.require(
                Objective.LABELS,
                file.isReal(Objective.LABELS) && file.context().regression(),
                1,
                2);
        ImageSizes s = file.context().image();
        long[] wanted = {s.channels(), s.height(), s.width()};
        if (!Arrays.equals(file.reals(PIXELS, 0).shape(), wanted)) {
            throw file.bad(
                    PIXELS,
                    "holds images " + Arrays.toString(file.reals(PIXELS, 0).shape()) + "; the model reads "
                            + Arrays.toString(wanted) + " (channels, height, width)");
        }
        for (long i = 0; i < size(); i++) {
            Answer.of(file, i);
        }
    }

    @Override
    public long size() {
        return file.size();
    }

    @Override
    public String name() {
        return file.file();
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        Tensor patches = file.context().patches().apply(file.reals(PIXELS, i)); // [row, pixel]
        return Answer.of(file, i).on(Example.image(patches, 0));
    }

    @Override
    public List<String> complaints() {
        return file.complaints();
    }

    @Override
    public void close() {
        file.close();
    }
}
