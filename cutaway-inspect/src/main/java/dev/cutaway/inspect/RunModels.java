package dev.cutaway.inspect;

import dev.cutaway.model.Model;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The models that a training run has saved, and the run itself. A model is open while a page looks at it and no longer, since a replay goes
 * through all of them.
 */
public final class RunModels implements ModelSource {
    private final Path directory;
    private final OpenOptions options;
    private final TrainingWatch watch;
    private final List<Opened> opened = new ArrayList<>();
    private Optional<SignedScale> scale = Optional.empty();
    private long scaleOf;

    private static final class Opened {
        private final RunSaved saved;
        private final @Nullable Object identity;
        private final Model model;
        private final LookModel look;
        private int users = 1;

        Opened(RunSaved saved, @Nullable Object identity, Model model, LookModel look) {
            this.saved = saved;
            this.identity = identity;
            this.model = model;
            this.look = look;
        }
    }

    /**
     * Of a run's directory; the run may be going on, or not have begun.
     *
     * @param directory the run's {@code out}
     */
    public RunModels(Path directory, OpenOptions options) {
        this.directory = directory;
        this.options = options;
        this.watch = new TrainingWatch(directory);
    }

    /** Whether a directory is one that a training run writes to. */
    public static boolean isRun(Path directory) {
        return Files.isRegularFile(directory.resolve("run.jsonl"))
                || Files.isRegularFile(directory.resolve("run.json"));
    }

    /**
     * Says no to a directory whose log is none; one that is empty yet, or not there, may become one.
     *
     * @throws BadInputException if the first line of {@code run.jsonl} is no event of a run
     */
    public static void check(Path directory) {
        Path file = directory.resolve("run.jsonl");
        try (InputStream in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(64), StandardCharsets.UTF_8);
            if (!start.isBlank() && !start.replaceAll("\\s", "").startsWith("{\"event\":")) {
                throw new BadInputException(file
                        + ": is no log of a training run (its first line is no event); name the directory of a run");
            }
        } catch (NoSuchFileException e) {
            // the run has not begun
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public List<String> names() {
        return RunSaved.in(directory).reversed().stream().map(RunSaved::name).toList();
    }

    @Override
    public Optional<TrainingWatch> training() {
        return Optional.of(watch);
    }

    @Override
    public synchronized InspectedModel open(String name) {
        List<RunSaved> all = RunSaved.in(directory);
        RunSaved saved = all.stream()
                .filter(s -> s.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        directory + ": " + name + " is not saved there, or not any more; choose another step"));
        Object identity = identity(saved.path());
        for (Opened o : opened) {
            if (o.saved.path().equals(saved.path()) && Objects.equals(o.identity, identity)) {
                o.users++;
                return o.look;
            }
        }
        Model model = Model.open(saved.path().toString(), options);
        try {
            Opened o = new Opened(saved, identity, model, new LookModel(model, scale(all.getLast(), saved, model)));
            opened.add(o);
            return o.look;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * One scale for all steps, so that they can be compared: that of the newest, since values grow with training. While the run goes on it is
     * taken anew whenever the run is twice as far.
     */
    private SignedScale scale(RunSaved newest, RunSaved saved, Model model) {
        if (scale.isEmpty() || newest.step() >= 2 * Math.max(1, scaleOf)) {
            if (newest.equals(saved)) {
                scale = Optional.of(SignedScale.of(model));
            } else {
                try (Model last = Model.open(newest.path().toString(), options)) {
                    scale = Optional.of(SignedScale.of(last));
                }
            }
            scaleOf = newest.step();
        }
        return scale.get();
    }

    /** What tells a directory from another that has taken its name. */
    private static @Nullable Object identity(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public synchronized void release(InspectedModel model) {
        for (Opened o : opened) {
            if (o.look == model && --o.users == 0) {
                opened.remove(o);
                o.model.close();
                return;
            }
        }
    }

    @Override
    public synchronized void close() {
        watch.close();
        opened.forEach(o -> o.model.close());
        opened.clear();
    }
}
