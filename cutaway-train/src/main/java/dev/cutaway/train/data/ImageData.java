package dev.cutaway.train.data;

import dev.cutaway.model.Family;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Images with their classes, or with captions that are made from these.
 *
 * @param images an IDX file, or a folder with a folder for each class
 * @param labels the IDX file of the classes; empty for a folder
 * @param names the classes in the order of their numbers; empty: as the configuration says, else the folders' names, sorted
 * @param look how images become numbers
 * @param subset share of the images that is learnt from, of each class alike
 * @param shuffled whether each epoch has its own order
 * @param templates of captions; empty where classes are learnt
 */
record ImageData(
        Path images,
        Optional<Path> labels,
        List<String> names,
        ImageLook look,
        double subset,
        boolean shuffled,
        List<String> templates) {
    static ImageData of(Keys keys) {
        ImageData data = new ImageData(
                keys.file("images"),
                keys.optionalFile("labels"),
                keys.texts("classes"),
                ImageLook.of(keys),
                keys.real("subset", 1e-6, 1, 1),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"),
                keys.texts("templates"));
        keys.done();
        for (String t : data.templates) {
            if (!t.contains(Captions.CLASS)) {
                throw keys.bad("templates", "holds \"" + t + "\", which lacks " + Captions.CLASS);
            }
        }
        return data;
    }

    /** The classes that are given, or a folder's; empty for an IDX file, which has no names. */
    List<String> classes() {
        return !names.isEmpty() || labels.isPresent() || !Files.isDirectory(images)
                ? names
                : ImageFolder.classesOf(images);
    }

    /** All captions that there are. */
    List<String> captions() {
        if (templates.isEmpty() || classes().isEmpty()) {
            throw new UsageException("data.images has texts where captions are made of classes; give data."
                    + (templates.isEmpty() ? "templates" : "classes"));
        }
        return classes().stream()
                .flatMap(c -> templates.stream().map(t -> t.replace(Captions.CLASS, c)))
                .toList();
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        requireReader(task, context);
        Complaints complaints = new Complaints();
        Loaded loaded = load(context, complaints);
        long[] chosen = Subset.of(loaded.answers(), heldOut ? 1 : subset, context.seed());
        Images all = look.of(
                images.toString(),
                loaded.pictures(),
                loaded.answers(),
                loaded.names(),
                chosen,
                context,
                heldOut,
                complaints);
        Source source =
                new Subset(templates.isEmpty() ? all : Captions.ofClasses(all, captions(loaded), context), chosen);
        return new Drawn(
                source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    private List<List<String>> captions(Loaded loaded) {
        List<String> known = loaded.names();
        int most = Arrays.stream(loaded.answers()).max().orElse(0);
        if (known.size() <= most) {
            throw new UsageException(
                    "data.templates need the names of all classes; give data.classes, " + (most + 1) + " names");
        }
        return known.stream()
                .map(c -> templates.stream()
                        .map(t -> t.replace(Captions.CLASS, c))
                        .toList())
                .toList();
    }

    private void requireReader(Task task, DataContext context) {
        if (task == Task.CLASSIFY && !templates.isEmpty()) {
            throw new UsageException("data.templates are for captions (next-token); classify learns the classes");
        }
        if (task == Task.NEXT_TOKEN && context.readsImages()) {
            if (templates.isEmpty()) {
                throw new UsageException("data.templates is missing; captions are made of it, such as \"a photo of "
                        + Captions.CLASS + "\"");
            }
            return;
        }
        if (task != Task.CLASSIFY) {
            throw new UsageException("data.images is for classify, and for next-token in a model that reads images; "
                    + task.text() + " of model_type " + context.architecture() + " needs another kind of data");
        }
        if (context.family() != Family.VISION) {
            throw new UsageException(
                    "data.images is for image models; model_type " + context.architecture() + " reads texts");
        }
    }

    /** Mean and deviation of the images that are learnt from. */
    Levels levels(DataContext context) {
        Loaded loaded = load(context, new Complaints());
        return Levels.of(loaded.pictures(), Subset.of(loaded.answers(), subset, context.seed()), context.image());
    }

    private record Loaded(Pictures pictures, int[] answers, List<String> names) {}

    private Loaded load(DataContext context, Complaints complaints) {
        ImageSizes sizes = context.image();
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
        Pictures pictures = Idx.read(images, 3).pictures(sizes);
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
}
