package dev.cutaway.cli;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.arch.Labels;
import dev.cutaway.model.image.Preprocessor;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.data.LabelledImages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * How many images of known class a model gets right: a classifier, whose likeliest class is the image's; a decoder, whose caption, taken
 * greedily, names the image's class and no other.
 */
final class ImageScores {
    private static final int TOGETHER = 64;

    @Option(
            names = "--images",
            paramLabel = "FILE",
            description = "An IDX file of images, or a folder with a folder for each class.")
    private @Nullable Path images;

    @Option(names = "--labels", paramLabel = "FILE", description = "The IDX file of the images' classes.")
    private @Nullable Path labels;

    @Option(
            names = "--classes",
            split = ",",
            paramLabel = "NAME",
            description = "The classes' names, in the order of their numbers; the model's by default.")
    private List<String> classes = new ArrayList<>();

    boolean given() {
        if (images == null && (labels != null || !classes.isEmpty())) {
            throw new UsageException("--labels and --classes go with --images");
        }
        return images != null;
    }

    void measure(Model opened, boolean json, Out out) {
        boolean words = opened.family() == Family.DECODER && opened.readsImages();
        if (!words && opened.family() != Family.VISION) {
            throw new UsageException("--images: " + opened + " reads no images; measure it with --text");
        }
        List<String> names = classes.isEmpty() ? names(opened, words) : classes;
        LabelledImages data =
                LabelledImages.open(java.util.Objects.requireNonNull(images), Optional.ofNullable(labels), names);
        Score score = new Score(names);
        Path directory = opened.directory()
                .orElseThrow(() -> new BadInputException(opened + ": has no preprocessor_config.json, which says how "
                        + "images are prepared; give the model's directory"));
        Reader reader = new Reader(
                data,
                Preprocessor.open(directory),
                ImageSizes.of(opened.config()).channels());
        opened.prepare();
        long start = System.nanoTime();
        try (Progress progress = new Progress("eval", data.size())) {
            if (words) {
                captions(opened, reader, score, progress);
            } else {
                classes(opened, reader, score, progress);
            }
        }
        score.print(data.size() / ((System.nanoTime() - start) / 1e9), words, json, out);
    }

    private static List<String> names(Model opened, boolean words) {
        int count =
                opened.config().inner("id2label").map(m -> m.values().size()).orElse(0);
        if (count == 0 && words) {
            throw new UsageException(opened + ": does not say what the classes are called; give --classes");
        }
        return Labels.of(opened.config(), opened.config().positive("num_labels", count > 0 ? count : 2));
    }

    private record Reader(LabelledImages data, Preprocessor preprocessor, int channels) {
        Tensor pixels(int i) {
            Tensor t = preprocessor.pixels(data.picture(i), channels);
            return t.reshape(t.dim(1), t.dim(2), t.dim(3));
        }

        /** The next images, as many as there are. */
        List<Tensor> some(int from, int most) {
            return IntStream.range(from, Math.min(data.size(), from + most))
                    .mapToObj(this::pixels)
                    .toList();
        }
    }

    private static void classes(Model m, Reader reader, Score score, Progress progress) {
        int n = reader.data.size();
        try (Session session = m.session(SessionOptions.defaults().withRecording(false))) {
            if (!session.hasOutput("logits")) {
                throw new BadInputException(m.name() + ": has no head over classes; use another checkpoint");
            }
            for (int from = 0; from < n; from += TOGETHER) {
                List<Tensor> logits = session.images(reader.some(from, TOGETHER), "logits");
                for (int i = 0; i < logits.size(); i++) {
                    score.classified(reader.data.label(from + i), logits.get(i).toFloats());
                }
                progress.at(from + logits.size());
            }
        }
    }

    private static void captions(Model m, Reader reader, Score score, Progress progress) {
        try (Captioning captioning = new Captioning(m, TOGETHER)) {
            for (int from = 0; from < reader.data.size(); from += TOGETHER) {
                List<String> texts = captioning.of(reader.some(from, TOGETHER));
                for (int i = 0; i < texts.size(); i++) {
                    score.captioned(reader.data.label(from + i), texts.get(i));
                }
                progress.at(from + texts.size());
            }
        }
    }
}
