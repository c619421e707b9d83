package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Image files with captions of their own.
 *
 * @param table the rows
 * @param image the field that names a PNG or JPEG file, beside the table's own or below {@code folder}
 * @param caption the field with the words
 * @param folder where images are; empty: beside the table
 * @param look how images become numbers
 * @param shuffled whether each epoch has its own order
 */
record CaptionData(Table table, String image, String caption, Optional<Path> folder, ImageLook look, boolean shuffled) {
    static CaptionData of(Keys keys) {
        CaptionData data = new CaptionData(
                Table.of(keys, "captions"),
                keys.text("image", "image"),
                keys.text("caption", "caption"),
                keys.optionalFile("folder"),
                ImageLook.of(keys),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    private record Loaded(ImageFiles files, List<String> captions) {}

    private Loaded load(DataContext context, Complaints complaints) {
        ImageFiles files = new ImageFiles(context.image());
        List<String> captions = new ArrayList<>();
        table.each(List.of(image, caption), complaints, row -> {
            if (row.get(1).isBlank()) {
                complaints.add(row.file(), row.line(), "has an empty caption; left out");
                return;
            }
            Optional<String> trouble = files.add(path(row));
            if (trouble.isPresent()) {
                complaints.add(row.file(), row.line(), trouble.get() + "; left out");
            } else {
                captions.add(row.get(1).strip());
            }
        });
        if (captions.isEmpty()) {
            throw new BadInputException(table.files().getFirst() + ": holds no image with a caption"
                    + complaints.firstOne().map(c -> " (" + c + ")").orElse("; it is empty"));
        }
        return new Loaded(files, captions);
    }

    private Path path(Table.Row row) {
        try {
            return folder.map(f -> f.resolve(row.get(0)))
                    .orElseGet(() -> row.file().resolveSibling(row.get(0)));
        } catch (InvalidPathException e) {
            throw new BadInputException(
                    row.file() + ", line " + row.line() + ": \"" + row.get(0) + "\" is no path of an image; correct it",
                    e);
        }
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.NEXT_TOKEN || !context.readsImages()) {
            throw new UsageException("data.captions is for next-token in a model that reads images (captioner); "
                    + task.text() + " of model_type " + context.architecture() + " needs another kind of data");
        }
        Complaints complaints = new Complaints();
        Loaded loaded = load(context, complaints);
        int n = loaded.captions().size();
        Images images = look.of(
                table.files().getFirst().toString(),
                loaded.files(),
                new int[n],
                List.of(),
                all(n),
                context,
                heldOut,
                complaints);
        Source source = Captions.ofEach(images, loaded.captions(), context);
        return new Drawn(source, new Order(n, context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    private static long[] all(int n) {
        return java.util.stream.LongStream.range(0, n).toArray();
    }

    /** Mean and deviation of the images that are learnt from. */
    Levels levels(DataContext context) {
        ImageFiles files = load(context, new Complaints()).files();
        return Levels.of(files, all(files.count()), context.image());
    }
}
