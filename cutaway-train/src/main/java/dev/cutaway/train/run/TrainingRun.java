package dev.cutaway.train.run;

import dev.cutaway.graph.Space;
import dev.cutaway.graph.op.Parameter;
import dev.cutaway.model.OpenOptions;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Backward;
import dev.cutaway.train.Differentiation;
import dev.cutaway.train.Dropouts;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import dev.cutaway.train.Trainer;
import dev.cutaway.train.data.Batches;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A training run from its recipe to the directory that it leaves: steps, measurements, samples, checkpoints. Interrupted at any moment and
 * resumed, it does what it would have done without.
 */
public final class TrainingRun {
    private static final Pattern BLOCK = Pattern.compile("^(.*?\\.\\d+)\\..*");

    private final Setup setup;
    private final Recipe recipe;
    private final RunDirectory directory;
    private final List<RunListener> listeners;
    private final LineLog log;
    private final RunFile events;
    private final BooleanSupplier stop;
    private Progress progress = new Progress();
    private long saved;

    /** What to do if {@code out} holds a run already. */
    public enum Existing {
        REFUSE,
        RESUME,
        OVERWRITE
    }

    /**
     * What a run came to.
     *
     * @param step the last one
     * @param loss of that step; not a number if there was none
     * @param validLoss the last measured
     * @param finished whether all steps are done; else it was stopped, after a checkpoint
     * @param seconds spent on steps
     */
    public record Result(long step, double loss, Optional<Double> validLoss, boolean finished, double seconds) {}

    private TrainingRun(
            Setup setup,
            RunDirectory directory,
            List<RunListener> listeners,
            LineLog log,
            RunFile events,
            BooleanSupplier stop) {
        this.setup = setup;
        this.recipe = setup.recipe();
        this.directory = directory;
        this.listeners = listeners;
        this.log = log;
        this.events = events;
        this.stop = stop;
    }

    /**
     * Runs a recipe.
     *
     * @param stop asked after each step; when it says so, a checkpoint is written and the run left
     * @param listener told what happens, beside the run's own files
     * @throws dev.cutaway.tensor.CutawayException if something is wrong with recipe, data or disk; checkpoints stay as they are
     */
    public static Result run(
            Recipe recipe, Existing existing, OpenOptions options, BooleanSupplier stop, RunListener listener) {
        RunDirectory.If there = RunDirectory.If.valueOf(existing.name());
        RunDirectory.check(recipe.out(), there);
        LineLog.check(recipe.log());
        int threads = recipe.threads() > 0 ? recipe.threads() : options.threads();
        try (Setup setup = Setup.of(recipe, options.withThreads(threads));
                RunDirectory directory = RunDirectory.open(recipe.out(), there)) {
            Optional<Long> last = directory.last();
            Progress before =
                    last.map(n -> Saved.restore(directory.checkpoint(n), setup)).orElseGet(Progress::new);
            long done = setup.trainer().steps();
            mark(recipe, directory);
            directory.cutSnapshots(done);
            try (LineLog log = LineLog.open(recipe.log(), done);
                    RunFile events = new RunFile(recipe.out().resolve("run.jsonl"), done);
                    Boards boards = Boards.of(recipe, done)) {
                List<RunListener> all = new ArrayList<>(List.of(events));
                boards.listener().ifPresent(all::add);
                all.add(listener);
                TrainingRun run = new TrainingRun(setup, directory, all, log, events, stop);
                run.progress = before;
                run.saved = done;
                return run.go();
            }
        }
    }

    private static void mark(Recipe recipe, RunDirectory directory) {
        Path file = directory.path().resolve(RunDirectory.MARK);
        if (Files.exists(file)) {
            return;
        }
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("recipe", recipe.file());
        m.put("keys", recipe.tree());
        try {
            Disk.replace(file, JsonText.file(m));
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    private Result go() {
        Trainer trainer = setup.trainer();
        listeners.forEach(l -> l.begin(recipe, setup.trained(), trainer.steps(), setup.notes()));
        if (trainer.steps() == 0 && recipe.snapshotsEvery() > 0) {
            snapshot(0); // what training begins with is part of the story
        }
        while (trainer.steps() < recipe.steps()) {
            if (stop.getAsBoolean()) {
                return stopped();
            }
            step();
            after(trainer.steps());
        }
        return finish();
    }

    private void step() {
        long start = System.nanoTime();
        long next = setup.trainer().steps() + 1;
        List<Example> drawn = setup.batches().batch(next);
        List<Example> batch = setup.drops() ? Dropouts.seeded(drawn, recipe.seed(), next) : drawn;
        boolean watched = recipe.watchEvery() > 0 && (next % recipe.watchEvery() == 0 || next == 1);
        Map<Parameter, Trainer.Norms> norms = new LinkedHashMap<>();
        Trainer.Step s =
                setup.trainer().step(batch, recipe.accumulate(), watched ? Optional.of(norms) : Optional.empty());
        double seconds = (System.nanoTime() - start) / 1e9;
        long rows = rows(batch);
        progress.step(s.loss(), rows, seconds);
        double speed = rows / Math.max(1e-9, seconds);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", s.step());
        line.put("loss", s.loss());
        line.put("grad_norm", s.gradientNorm());
        line.put("lr", s.rate());
        line.put("tokens_per_s", speed);
        log.add(line);
        Map<String, Trainer.Norms> parts = parts(norms);
        listeners.forEach(l -> l.step(s, speed, parts));
    }

    /** Rows of the decoder, and of the encoder where there are two. */
    private static long rows(List<Example> batch) {
        long n = 0;
        for (Example e : batch) {
            n += e.binding().sizes().getOrDefault(Space.ROWS, 0);
            n += e.binding().sizes().getOrDefault(Space.SOURCE, 0);
        }
        return n;
    }

    /** Norms of weights put together by block, as if a block's were one vector. */
    private Map<String, Trainer.Norms> parts(Map<Parameter, Trainer.Norms> norms) {
        Map<String, Trainer.Norms> out = new LinkedHashMap<>();
        norms.forEach((p, n) -> out.merge(part(setup.name(p)), n, TrainingRun::both));
        return out;
    }

    private static String part(String name) {
        Matcher m = BLOCK.matcher(name);
        return m.matches() ? m.group(1) : name.replaceAll("\\.(weight|bias)$", "");
    }

    private static Trainer.Norms both(Trainer.Norms a, Trainer.Norms b) {
        return new Trainer.Norms(
                Math.hypot(a.gradient(), b.gradient()),
                Math.hypot(a.weight(), b.weight()),
                Math.hypot(a.update(), b.update()));
    }

    private void after(long step) {
        boolean end = step == recipe.steps();
        Optional<Double> measured = Optional.empty();
        if (setup.valid().isPresent() && (end || step % recipe.validEvery() == 0)) {
            Map<String, Double> right = new LinkedHashMap<>();
            double loss = measure(setup.valid().get(), right);
            progress.valid(loss);
            listeners.forEach(l -> l.valid(step, loss, right));
            measured = Optional.of(loss);
        }
        if (!recipe.samples().prompts().isEmpty()
                && (end || step % recipe.samples().every() == 0)) {
            Sampling.of(setup, (prompt, text) -> listeners.forEach(l -> l.sample(step, prompt, text)));
        }
        // Before the checkpoint: all snapshots up to a checkpoint are on the disk when it is.
        if (recipe.snapshotsEvery() > 0 && (end || step % recipe.snapshotsEvery() == 0)) {
            snapshot(step);
        }
        if (end || step % recipe.checkpointEvery() == 0) {
            double mean = progress.takeMean();
            checkpoint(setup.valid().isPresent() ? measured : Optional.of(mean));
        }
    }

    /** The mean over all counted rows of the held-out data; and which share of the labels were the likeliest classes. */
    private double measure(Batches held, Map<String, Double> right) {
        long steps = held.stepsPerEpoch();
        int[] counted = new int[setup.engine().objective().parts().size()];
        for (long s = 1; s <= steps; s++) {
            int[] own = Backward.counted(setup.engine().objective(), held.batch(s));
            for (int i = 0; i < own.length; i++) {
                counted[i] = Math.addExact(counted[i], own[i]);
            }
        }
        double loss = 0;
        for (long s = 1; s <= steps; s++) {
            Differentiation.Measured m = setup.engine().measure(held.batch(s), counted);
            loss += m.loss();
            m.right().forEach((labels, n) -> right.merge(labels, (double) n, Double::sum));
        }
        List<Objective.Part> parts = setup.engine().objective().parts();
        for (int i = 0; i < counted.length; i++) {
            int all = counted[i];
            right.computeIfPresent(parts.get(i).labels(), (_, n) -> n / all);
        }
        return loss;
    }

    /** @param loss what the checkpoint is compared by; empty if it is none of the regular ones */
    private void checkpoint(Optional<Double> loss) {
        long step = setup.trainer().steps();
        boolean best = loss.isPresent() && progress.offer(step, loss.get());
        // What the checkpoint says was done must be in the logs before it is.
        log.force();
        events.force();
        directory.write(step, d -> Saved.write(d, setup, progress));
        saved = step;
        List<Long> all = directory.steps();
        Set<Long> kept = new LinkedHashSet<>(all.subList(Math.max(0, all.size() - 2), all.size()));
        progress.best().ifPresent(b -> kept.add(b.step()));
        directory.keepOnly(kept);
        listeners.forEach(l -> l.checkpoint(step, directory.checkpoint(step), best));
    }

    private void snapshot(long step) {
        directory.writeSnapshot(step, d -> Saved.writeModel(d, setup));
        listeners.forEach(l -> l.snapshot(step, directory.snapshot(step)));
    }

    private Result stopped() {
        long step = setup.trainer().steps();
        if (step > saved) {
            checkpoint(Optional.empty());
        }
        return new Result(step, progress.lastLoss(), progress.lastValid(), false, progress.seconds());
    }

    private Result finish() {
        long step = setup.trainer().steps();
        long chosen =
                recipe.keepBest() ? progress.best().map(Progress.Best::step).orElse(step) : step;
        Path from = directory.checkpoint(Files.isDirectory(directory.checkpoint(chosen)) ? chosen : step);
        if (!Files.isDirectory(from)) {
            throw new UsageException(recipe.out() + ": has done " + step + " steps already, and steps is "
                    + recipe.steps() + "; give more steps, or start again with --overwrite");
        }
        try {
            Saved.publish(from, recipe.out(), setup);
            Disk.replace(recipe.out().resolve("training.json"), JsonText.file(Manifest.of(setup, progress, chosen)));
        } catch (IOException e) {
            throw Disk.failure(recipe.out(), e);
        }
        listeners.forEach(l -> l.end(step, recipe.out(), progress.seconds()));
        return new Result(step, progress.lastLoss(), progress.lastValid(), true, progress.seconds());
    }
}
