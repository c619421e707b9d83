package dev.cutaway.cli;

import dev.cutaway.train.Trainer;
import dev.cutaway.train.run.Recipe;
import dev.cutaway.train.run.RunListener;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How far a training run is, on standard error: a bar where that is a terminal, else a line now and then. */
final class TrainProgress implements RunListener, AutoCloseable {
    private static final long INTERVAL = 10_000_000_000L; // nanoseconds between lines

    private final Recipe recipe;
    private final boolean bar = Terminal.error();
    private @Nullable Progress progress;
    private long last = System.nanoTime() - INTERVAL;
    private String shown = "";

    TrainProgress(Recipe recipe) {
        this.recipe = recipe;
    }

    @Override
    public void begin(Recipe r, long parameters, long done, List<String> notes) {
        notes.forEach(n -> line("note: " + n));
        line(String.format(
                Locale.ROOT,
                "training %,d parameters for %,d steps%s",
                parameters,
                r.steps(),
                done > 0 ? ", of which " + done + " are done" : ""));
        if (bar) {
            progress = new Progress("training", r.steps(), done);
        }
    }

    @Override
    public void step(Trainer.Step s, double tokensPerSecond, Map<String, Trainer.Norms> norms) {
        shown = String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f  lr %.3g  %,.0f tokens/s",
                s.step(),
                recipe.steps(),
                s.loss(),
                s.rate(),
                tokensPerSecond);
        Progress p = progress;
        if (p != null) {
            p.label(shown);
            p.at(s.step());
            return;
        }
        long now = System.nanoTime();
        if (now - last >= INTERVAL || s.step() == recipe.steps() || Log.verbose()) {
            last = now;
            line(Log.verbose() ? shown + String.format(Locale.ROOT, "  norm %.4g", s.gradientNorm()) : shown);
        }
    }

    @Override
    public void valid(long step, double loss) {
        line(String.format(Locale.ROOT, "step %d: valid loss %.4f", step, loss));
    }

    @Override
    public void sample(long step, String prompt, String text) {
        line("step " + step + ": " + Writing.printable(prompt) + " |" + Writing.printable(text));
    }

    @Override
    public void checkpoint(long step, Path directory, boolean best) {
        if (Log.verbose()) {
            line(directory + " is written" + (best ? ", the best so far" : ""));
        }
    }

    private void line(String text) {
        clear(); // the bar is drawn again at the next step
        System.err.println(text);
    }

    /** Takes the bar away. */
    void clear() {
        Progress p = progress;
        if (p != null) {
            p.close();
        }
    }

    @Override
    public void close() {
        clear();
    }
}
