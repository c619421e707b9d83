package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Images with their classes.
 *
 * @param images an IDX file, or a folder with a folder for each class
 * @param labels the IDX file of the classes; empty for a folder
 * @param names the classes in the order of their numbers; empty: as the configuration says, else the folders' names, sorted
 * @param mean of levels from 0 to 1, taken away: one number, or one for each channel
 * @param deviation what is then divided by
 * @param computed whether both are those of the images
 * @param flip whether every other image is mirrored
 * @param crop pixels of black put around before a piece of the old size is cut out anywhere
 * @param subset share of the images that is learnt from, of each class alike
 * @param shuffled whether each epoch has its own order
 */
record ImageData(
        Path images,
        Optional<Path> labels,
        List<String> names,
        List<Double> mean,
        List<Double> deviation,
        boolean computed,
        boolean flip,
        int crop,
        double subset,
        boolean shuffled) {
    ImageData {
        mean = mean.isEmpty() ? List.of(0.5) : List.copyOf(mean);
        deviation = deviation.isEmpty() ? List.of(0.5) : List.copyOf(deviation);
    }

    static ImageData of(Keys keys) {
        boolean computed =
                keys.choice("normalise", "given", "given", "computed").equals("computed");
        if (computed && (keys.has("mean") || keys.has("std"))) {
            throw keys.bad("normalise", "is computed, but data.mean or data.std is given; leave one out");
        }
        ImageData data = new ImageData(
                keys.file("images"),
                keys.optionalFile("labels"),
                keys.texts("classes"),
                keys.reals("mean", -1000, 1000),
                keys.reals("std", 1e-6, 1000),
                computed,
                keys.flag("flip", false),
                keys.whole("crop", 0, 1024, 0),
                keys.real("subset", 1e-6, 1, 1),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    /** The classes that are given, or a folder's; empty for an IDX file, which has no names. */
    List<String> classes() {
        return !names.isEmpty() || labels.isPresent() || !Files.isDirectory(images)
                ? names
                : ImageFolder.classesOf(images);
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.CLASSIFY) {
            throw new UsageException("data.images is for classify; " + task.text() + " needs another kind of data");
        }
        if (context.family() != dev.cutaway.model.Family.VISION) {
            throw new UsageException(
                    "data.images is for image models; model_type " + context.architecture() + " reads texts");
        }
        ImageSizes sizes = context.image();
        Complaints complaints = new Complaints();
        Loaded loaded = load(context, sizes, complaints);
        long[] chosen = Subset.of(loaded.answers(), heldOut ? 1 : subset, context.seed());
        Levels levels = computed
                ? Levels.of(loaded.pictures(), chosen, sizes)
                : new Levels(each("mean", mean, sizes), each("std", deviation, sizes));
        Source all = new Images(
                images.toString(),
                loaded.pictures(),
                loaded.answers(),
                loaded.names(),
                sizes,
                levels,
                flip && !heldOut,
                heldOut ? 0 : crop,
                context.patches(),
                complaints);
        Source source = new Subset(all, chosen);
        return new Drawn(
                source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    /** Mean and deviation of the images that are learnt from. */
    Levels levels(DataContext context) {
        Loaded loaded = load(context, context.image(), new Complaints());
        return Levels.of(loaded.pictures(), Subset.of(loaded.answers(), subset, context.seed()), context.image());
    }

    private record Loaded(Pictures pictures, int[] answers, List<String> names) {}

    private Loaded load(DataContext context, ImageSizes sizes, Complaints complaints) {
        if (Files.isDirectory(images)) {
            if (labels.isPresent()) {
                throw new UsageException("data.labels is for an IDX file of images; " + images + " is a folder");
            }
            List<String> known = Classes.of(names, context, this::classes);
            ImageFolder folder = new ImageFolder(images, known, sizes, complaints);
            return new Loaded(folder, folder.classes(), known);
        }
        Path file = labels.orElseThrow(() -> new UsageException(
                "data.labels is missing; the IDX file " + images + " needs one with the classes beside it"));
        Idx pixels = Idx.read(images, 3);
        Pictures pictures = pixels.pictures(sizes);
        Idx classes = Idx.read(file, 1);
        if (classes.dims()[0] != pictures.count()) {
            throw new BadInputException(file + ": holds " + classes.dims()[0] + " labels, " + images + " "
                    + pictures.count() + " images; they do not belong together");
        }
        int[] answers = new int[pictures.count()];
        for (int i = 0; i < answers.length; i++) {
            answers[i] = classes.bytes()[i] & 0xFF;
            if (answers[i] >= context.classes()) {
                throw new BadInputException(file + ": label " + i + " is " + answers[i]
                        + "; the model's classes go from 0 to " + (context.classes() - 1) + " (num_labels)");
            }
        }
        return new Loaded(pictures, answers, Classes.of(names, context, List::of));
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
