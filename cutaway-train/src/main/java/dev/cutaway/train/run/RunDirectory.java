package dev.cutaway.train.run;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a run lives: {@code out} with {@code checkpoints/step-N} and {@code snapshots/step-N}, the mark {@code run.json} that says that a run is there, and a lock, so that two
 * processes never write the same. A checkpoint appears whole, by a rename; what a killed process left half-written is removed.
 */
final class RunDirectory implements AutoCloseable {
    static final String MARK = "run.json";
    private static final String CHECKPOINTS = "checkpoints";
    private static final String SNAPSHOTS = "snapshots";
    private static final Pattern STEP = Pattern.compile("step-(\\d{1,18})");
    private static final Set<String> MODEL_FILES =
            Set.of("config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors");

    /** What a run writes; nothing else is ever removed. */
    private static final List<String> OWN = List.of(
            CHECKPOINTS,
            SNAPSHOTS,
            MARK,
            "run.jsonl",
            "log.jsonl",
            "training.json",
            "config.json",
            "model.safetensors",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "preprocessor_config.json",
            "adapter_config.json",
            "adapter_model.safetensors");

    private final Path out;
    private final FileChannel channel;
    private final FileLock lock;

    private RunDirectory(Path out, FileChannel channel, FileLock lock) {
        this.out = out;
        this.channel = channel;
        this.lock = lock;
    }

    /** What to do if a run is there. */
    enum If {
        REFUSE,
        RESUME,
        OVERWRITE
    }

    /**
     * Takes the directory.
     *
     * @throws UsageException if it holds a run, or a model that no run wrote, and nobody said what to do
     */
    static RunDirectory open(Path out, If there) {
        try {
            check(out, there);
            Files.createDirectories(out.resolve(CHECKPOINTS));
            FileChannel c = FileChannel.open(
                    out.resolve(CHECKPOINTS).resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            RunDirectory d = new RunDirectory(out, c, locked(out, c));
            d.clean(there == If.OVERWRITE);
            return d;
        } catch (IOException e) {
            throw Disk.failure(out, e);
        }
    }

    /** Says no before anything is read; takes nothing. */
    static void check(Path out, If there) {
        if (Files.exists(out) && !Files.isDirectory(out)) {
            throw new UsageException(out + ": is a file; give out the name of a directory");
        }
        boolean run = Files.exists(out.resolve(MARK)) || !steps(out).isEmpty();
        if (run && there == If.REFUSE) {
            throw new UsageException(
                    out + ": holds a run already; go on with it with --resume, or start again with --overwrite");
        }
        if (!run && MODEL_FILES.stream().anyMatch(f -> Files.exists(out.resolve(f)))) {
            throw new UsageException(
                    out
                            + ": holds a model that no run of Cutaway wrote, which would be overwritten; give out another name");
        }
    }

    @SuppressWarnings("resource") // the lock lives as long as its channel
    private static FileLock locked(Path out, FileChannel c) throws IOException {
        @Nullable FileLock lock;
        try {
            lock = c.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            c.close();
            throw new ResourceException(
                    out + ": another process is training there; wait for its end, or give out another name");
        }
        return lock;
    }

    private void clean(boolean all) throws IOException {
        for (String place : List.of(CHECKPOINTS, SNAPSHOTS)) {
            for (Path p : Disk.list(out.resolve(place))) {
                String name = String.valueOf(p.getFileName());
                if (name.endsWith(".part") || (all && STEP.matcher(name).matches())) {
                    Disk.remove(p);
                }
            }
        }
        for (Path p : Disk.list(out)) {
            String name = String.valueOf(p.getFileName());
            if ((name.startsWith(".") && name.endsWith(".part"))
                    || (all && OWN.contains(name) && !Files.isDirectory(p))) {
                Disk.remove(p);
            }
        }
    }

    Path path() {
        return out;
    }

    Path checkpoint(long step) {
        return out.resolve(CHECKPOINTS).resolve("step-" + step);
    }

    Path snapshot(long step) {
        return out.resolve(SNAPSHOTS).resolve("step-" + step);
    }

    /** Steps of the checkpoints that are there, in order. */
    List<Long> steps() {
        return steps(out);
    }

    private static List<Long> steps(Path out) {
        return steps(out, CHECKPOINTS);
    }

    private static List<Long> steps(Path out, String place) {
        List<Long> steps = new ArrayList<>();
        try {
            for (Path p : Disk.list(out.resolve(place))) {
                Matcher m = STEP.matcher(String.valueOf(p.getFileName()));
                if (m.matches() && Files.isDirectory(p)) {
                    steps.add(Long.parseLong(m.group(1)));
                }
            }
        } catch (IOException e) {
            throw new BadInputException(out + ": cannot be read (" + e.getMessage() + ")", e);
        }
        steps.sort(Comparator.naturalOrder());
        return steps;
    }

    /** The last checkpoint's step. */
    Optional<Long> last() {
        List<Long> all = steps();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** Fills a directory. */
    interface Content {
        void write(Path directory) throws IOException;
    }

    /**
     * Writes a checkpoint, whole or not at all.
     *
     * @throws ResourceException if the disk has no room; what was there before still is
     */
    void write(long step, Content content) {
        write(checkpoint(step), content, "checkpoints that were there before still are");
    }

    /** Writes a snapshot in the same way. */
    void writeSnapshot(long step, Content content) {
        try {
            Files.createDirectories(out.resolve(SNAPSHOTS));
        } catch (IOException e) {
            throw Disk.failure(out.resolve(SNAPSHOTS), e);
        }
        write(snapshot(step), content, "the last checkpoint is still there");
    }

    private static void write(Path target, Content content, String still) {
        Path part = target.resolveSibling("." + target.getFileName() + ".part");
        try {
            Disk.remove(part);
            Files.createDirectory(part);
            try {
                content.write(part);
                Disk.force(part);
                Disk.remove(target);
                Files.move(part, target, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
                Disk.force(Objects.requireNonNull(target.getParent()));
            } finally {
                Disk.remove(part);
            }
        } catch (ResourceException e) { // what it was to be called is what the user knows
            String said = String.valueOf(e.getMessage()).replace(part.toString(), target.toString());
            throw new ResourceException(said + "; " + still, e);
        } catch (IOException e) {
            throw Disk.failure(target, e);
        }
    }

    /** Removes the snapshots that a run beyond this step wrote, which will come again. */
    void cutSnapshots(long done) {
        for (long step : steps(out, SNAPSHOTS)) {
            if (step > done) {
                remove(snapshot(step));
            }
        }
    }

    /** Removes all checkpoints but these. */
    void keepOnly(Set<Long> kept) {
        for (long step : steps()) {
            if (!kept.contains(step)) {
                remove(checkpoint(step));
            }
        }
    }

    private static void remove(Path step) {
        Path doomed = step.resolveSibling("." + step.getFileName() + ".old.part");
        try {
            // Renamed first: a directory that is half gone must not look like a whole one.
            Files.move(step, doomed);
            Disk.remove(doomed);
        } catch (IOException e) {
            throw Disk.failure(step, e);
        }
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            throw Disk.failure(out, e);
        }
    }
}
