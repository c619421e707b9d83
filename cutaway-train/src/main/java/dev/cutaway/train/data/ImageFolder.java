package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.image.Picture;
import dev.cutaway.model.image.Preprocessor;
import dev.cutaway.model.image.Resampling;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder with a folder of PNG and JPEG images for each class. Images are resized as they are read, and kept while they are few. */
final class ImageFolder implements Pictures {
    private static final long KEPT = 256L << 20;

    private final ImageSizes sizes;
    private final Preprocessor resize;
    private final List<Path> files = new ArrayList<>();
    private final Ints classes = new Ints();
    private final List<byte @Nullable []> kept = new ArrayList<>();

    /**
     * @param names the classes in the order of their numbers; folders of other names are complained of
     */
    ImageFolder(Path folder, List<String> names, ImageSizes sizes, Complaints complaints) {
        this.sizes = sizes;
        this.resize = new Preprocessor(
                Optional.of(new Preprocessor.Size.Exact(sizes.height(), sizes.width())),
                Resampling.BILINEAR,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        for (Path inner : list(folder)) {
            String name = String.valueOf(inner.getFileName());
            if (!Files.isDirectory(inner)) {
                complaints.add(inner + ": is no folder of a class; left out");
            } else if (!names.contains(name)) {
                complaints.add(inner + ": is no class that the model knows; left out");
            } else {
                take(inner, names.indexOf(name), complaints);
            }
        }
        if (files.isEmpty()) {
            throw new BadInputException(
                    folder + ": holds no image; there must be a folder for each class with PNG or JPEG files"
                            + complaints.firstOne().map(c -> " (" + c + ")").orElse(""));
        }
    }

    private void take(Path folder, int number, Complaints complaints) {
        long each = (long) sizes.channels() * sizes.height() * sizes.width();
        for (Path file : list(folder)) {
            String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
            if (!name.endsWith(".png") && !name.endsWith(".jpg") && !name.endsWith(".jpeg")) {
                complaints.add(file + ": is neither PNG nor JPEG; left out");
                continue;
            }
            try {
                byte[] levels = files.size() * each < KEPT ? decode(file) : null;
                files.add(file);
                classes.add(number);
                kept.add(levels);
            } catch (CutawayException e) {
                complaints.add(e.getMessage() + "; left out");
            }
        }
    }

    /** The names of the folders in a folder, sorted: the classes. */
    static List<String> classesOf(Path folder) {
        return list(folder).stream()
                .filter(Files::isDirectory)
                .map(p -> String.valueOf(p.getFileName()))
                .toList();
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(p -> !String.valueOf(p.getFileName()).startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw DataFiles.unreadable(folder, e);
        }
    }

    int[] classes() {
        return classes.toArray();
    }

    @Override
    public int count() {
        return files.size();
    }

    @Override
    public byte[] levels(int i) {
        byte[] levels = kept.get(i);
        return levels == null ? decode(files.get(i)) : levels;
    }

    private byte[] decode(Path file) {
        Picture p = resize.resized(Picture.read(file));
        int plane = p.width() * p.height();
        byte[] out = new byte[sizes.channels() * plane];
        for (int y = 0; y < p.height(); y++) {
            for (int x = 0; x < p.width(); x++) {
                int at = y * p.width() + x;
                for (int c = 0; c < sizes.channels(); c++) {
                    out[c * plane + at] = (byte) (sizes.channels() == 1 ? grey(p, x, y) : p.get(x, y, c));
                }
            }
        }
        return out;
    }

    /** As Pillow makes grey of colours (ITU-R 601-2), in its whole numbers. */
    private static int grey(Picture p, int x, int y) {
        return p.get(x, y, 0) * 19595 + p.get(x, y, 1) * 38470 + p.get(x, y, 2) * 7471 + 0x8000 >> 16;
    }
}
