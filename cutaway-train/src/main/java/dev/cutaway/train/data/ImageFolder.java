package dev.cutaway.train.data;

import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** A folder with a folder of PNG and JPEG images for each class. */
final class ImageFolder implements Pictures {
    private final ImageFiles files;
    private final Ints classes = new Ints();

    /**
     * @param names the classes in the order of their numbers; folders of other names are complained of
     */
    ImageFolder(Path folder, List<String> names, ImageSizes sizes, Complaints complaints) {
        this.files = new ImageFiles(sizes);
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
        if (files.count() == 0) {
            throw new BadInputException(
                    folder + ": holds no image; there must be a folder for each class with PNG or JPEG files"
                            + complaints.firstOne().map(c -> " (" + c + ")").orElse(""));
        }
    }

    private void take(Path folder, int number, Complaints complaints) {
        for (Path file : list(folder)) {
            String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
            if (!name.endsWith(".png") && !name.endsWith(".jpg") && !name.endsWith(".jpeg")) {
                complaints.add(file + ": is neither PNG nor JPEG; left out");
                continue;
            }
            Optional<String> trouble = files.add(file);
            if (trouble.isPresent()) {
                complaints.add(trouble.get() + "; left out");
            } else {
                classes.add(number);
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

    static List<Path> list(Path folder) {
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
        return files.count();
    }

    @Override
    public byte[] levels(int i) {
        return files.levels(i);
    }
}
