package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How images become numbers, and how they are varied.
 *
 * @param mean of levels from 0 to 1, taken away: one number, or one for each channel
 * @param deviation what is then divided by
 * @param computed whether both are those of the images
 * @param flip whether every other image is mirrored
 * @param crop pixels of black put around before a piece of the old size is cut out anywhere
 */
record ImageLook(List<Double> mean, List<Double> deviation, boolean computed, boolean flip, int crop) {
    ImageLook {
        mean = mean.isEmpty() ? List.of(0.5) : List.copyOf(mean);
        deviation = deviation.isEmpty() ? List.of(0.5) : List.copyOf(deviation);
    }

    static ImageLook of(Keys keys) {
        boolean computed =
                keys.choice("normalise", "given", "given", "computed").equals("computed");
        if (computed && (keys.has("mean") || keys.has("std"))) {
            throw keys.bad("normalise", "is computed, but data.mean or data.std is given; leave one out");
        }
        return new ImageLook(
                keys.reals("mean", -1000, 1000),
                keys.reals("std", 1e-6, 1000),
                computed,
                keys.flag("flip", false),
                keys.whole("crop", 0, 1024, 0));
    }

    /**
     * Images as a model reads them.
     *
     * @param name what to call them in messages
     * @param answers the class of each
     * @param classes names of the classes
     * @param chosen those that are learnt from
     * @param heldOut whether they are measured with, and so stay as they are
     */
    Images of(
            String name,
            Pictures pictures,
            int[] answers,
            List<String> classes,
            long[] chosen,
            DataContext context,
            boolean heldOut,
            Complaints complaints) {
        ImageSizes sizes = context.image();
        Levels levels = computed
                ? Levels.of(pictures, chosen, sizes)
                : new Levels(each("mean", mean, sizes), each("std", deviation, sizes));
        return new Images(
                name,
                pictures,
                answers,
                classes,
                sizes,
                levels,
                flip && !heldOut,
                heldOut ? 0 : crop,
                context.patches(),
                complaints);
    }

    private static List<Double> each(String key, List<Double> given, ImageSizes sizes) {
        if (given.size() == sizes.channels()) {
            return given;
        }
        if (given.size() != 1) {
            throw new UsageException("data." + key + " holds " + given.size()
                    + " numbers; give one, or one for each of the " + sizes.channels() + " channels");
        }
        return new ArrayList<>(Collections.nCopies(sizes.channels(), given.getFirst()));
    }
}
