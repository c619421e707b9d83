package dev.cutaway.train.data;

import dev.cutaway.model.image.Picture;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;

/** Images with their classes, to measure a model with: an IDX file with that of its labels, or a folder with a folder for each class. */
public final class LabelledImages {
    private final int[] labels;
    private final IntFunction<Picture> pictures;

    private LabelledImages(int[] labels, IntFunction<Picture> pictures) {
        this.labels = labels;
        this.pictures = pictures;
    }

    /**
     * Opens them.
     *
     * @param images an IDX file, or a folder
     * @param file the IDX file of the classes; empty for a folder
     * @param names the classes in the order of the model's numbers
     * @throws BadInputException if they are not what they should be, or of a class that is none of these
     */
    public static LabelledImages open(Path images, Optional<Path> file, List<String> names) {
        if (Files.isDirectory(images)) {
            if (file.isPresent()) {
                throw new UsageException("labels are for an IDX file of images; " + images + " is a folder");
            }
            return folder(images, names);
        }
        Path of = file.orElseThrow(
                () -> new UsageException("the IDX file " + images + " needs one of labels beside it; give it"));
        Idx pixels = Idx.read(images, 3);
        Idx classes = Idx.read(of, 1);
        if (classes.dims()[0] != pixels.dims()[0]) {
            throw new BadInputException(of + ": holds " + classes.dims()[0] + " labels, " + images + " "
                    + pixels.dims()[0] + " images; they do not belong together");
        }
        int[] labels = new int[classes.dims()[0]];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = classes.bytes()[i] & 0xFF;
            if (labels[i] >= names.size()) {
                throw new BadInputException(
                        of + ": label " + i + " is " + labels[i] + "; the classes go from 0 to " + (names.size() - 1));
            }
        }
        return new LabelledImages(labels, pixels::picture);
    }

    private static LabelledImages folder(Path folder, List<String> names) {
        List<Path> files = new ArrayList<>();
        Ints labels = new Ints();
        for (Path inner : ImageFolder.list(folder)) {
            if (!Files.isDirectory(inner)) {
                continue;
            }
            int label = names.indexOf(String.valueOf(inner.getFileName()));
            if (label < 0) {
                throw new BadInputException(
                        inner + ": is no class of the model; its classes are " + String.join(", ", names));
            }
            for (Path file : ImageFolder.list(inner)) {
                if (String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).matches(".*\\.(png|jpg|jpeg)")) {
                    files.add(file);
                    labels.add(label);
                }
            }
        }
        if (files.isEmpty()) {
            throw new BadInputException(
                    folder + ": holds no image; there must be a folder for each class with PNG or JPEG files");
        }
        return new LabelledImages(labels.toArray(), i -> Picture.read(files.get(i)));
    }

    /** How many. */
    public int size() {
        return labels.length;
    }

    /** The class of one. */
    public int label(int i) {
        return labels[i];
    }

    /** One image. */
    public Picture picture(int i) {
        return pictures.apply(i);
    }
}
