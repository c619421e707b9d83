package dev.cutaway.train.run;

import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.model.image.Preprocessor;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import dev.cutaway.train.data.Batches;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Images with what a teacher says of them beside their labels. It sees what the pupil sees, mirrored and moved as that is.
 *
 * @param own what the pupil learns from
 * @param session the teacher's
 * @param section how it is learnt from
 * @param sizes of the pupil's patches
 */
record Taught(Batches own, Session session, TeacherSection section, ImageSizes sizes) implements Batches {
    /** Opens a teacher for a pupil of these sizes and classes, whose images are prepared as the batches say. */
    static Model open(String file, TeacherSection section, ImageSizes sizes, int classes, Batches batches) {
        Model teacher = Model.open(section.init());
        try (Session s = teacher.session(SessionOptions.defaults().withRecording(false))) {
            if (teacher.family() != dev.cutaway.model.Family.VISION || !s.hasOutput("logits")) {
                throw new UsageException(file + ": teacher.init: " + teacher + " is no classifier of images");
            }
            ImageSizes its = ImageSizes.of(teacher.config());
            if (its.channels() != sizes.channels() || its.height() != sizes.height() || its.width() != sizes.width()) {
                throw new UsageException(
                        file + ": teacher.init: " + teacher + " reads images of " + its.channels() + " x "
                                + its.height() + " x " + its.width() + ", the model of " + sizes.channels() + " x "
                                + sizes.height() + " x " + sizes.width());
            }
            int has = teacher.graph().require("logits").type().size(1);
            if (has != classes) {
                throw new UsageException(
                        file + ": teacher.init: " + teacher + " knows " + has + " classes, the model " + classes);
            }
            requireAlike(file, teacher, batches.preprocessor());
            return teacher;
        } catch (RuntimeException e) {
            teacher.close();
            throw e;
        }
    }

    private static void requireAlike(String file, Model teacher, Map<String, Object> own) {
        Preprocessor.Normalise its = teacher.directory()
                .flatMap(d -> Preprocessor.open(d).normalise())
                .orElseThrow(() -> new BadInputException(
                        teacher + ": does not say how its images are normalised (preprocessor_config.json)"));
        if (!own.isEmpty()
                && (!its.mean().equals(own.get("image_mean"))
                        || !its.deviation().equals(own.get("image_std")))) {
            throw new UsageException(file + ": teacher.init: " + teacher + " wants mean " + its.mean() + " and std "
                    + its.deviation() + "; give data.mean and data.std so");
        }
    }

    @Override
    public List<Example> batch(long step) {
        List<Example> batch = own.batch(step);
        List<Tensor> pixels = batch.stream()
                .map(e -> joined(Objects.requireNonNull(e.inputs().get("patches"))))
                .toList();
        List<Tensor> said = session.images(pixels, "logits");
        List<Example> out = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            float[] logits = said.get(i).toFloats();
            Example e = batch.get(i);
            out.add(
                    section.soft()
                            ? e.withNumbers(TeacherSection.NAME, logits)
                            : e.with(TeacherSection.NAME, likeliest(logits)));
        }
        return out;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** An image out of its patches: {@code [channel, height, width]}. */
    private Tensor joined(Tensor patches) {
        float[] x = patches.toFloats();
        float[] out = new float[sizes.channels() * sizes.height() * sizes.width()];
        int size = sizes.patchElements();
        int area = sizes.patchHeight() * sizes.patchWidth();
        for (int i = 0; i < sizes.patches() * size; i++) {
            int p = i / size;
            int c = i % size / area;
            int y = p / sizes.columns() * sizes.patchHeight() + i % area / sizes.patchWidth();
            int at = p % sizes.columns() * sizes.patchWidth() + i % sizes.patchWidth();
            out[(c * sizes.height() + y) * sizes.width() + at] = x[sizes.classRows() * size + i];
        }
        return Tensor.of(out, sizes.channels(), sizes.height(), sizes.width());
    }

    @Override
    public long size() {
        return own.size();
    }

    @Override
    public long stepsPerEpoch() {
        return own.stepsPerEpoch();
    }

    @Override
    public double epochs(long steps) {
        return own.epochs(steps);
    }

    @Override
    public List<String> complaints() {
        return own.complaints();
    }

    @Override
    public List<String> classes() {
        return own.classes();
    }

    @Override
    public Map<String, Object> preprocessor() {
        return own.preprocessor();
    }

    @Override
    public void close() {
        session.close();
        own.close();
    }
}
