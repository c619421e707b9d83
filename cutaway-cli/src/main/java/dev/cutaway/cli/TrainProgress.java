package dev.cutaway.cli;

import dev.cutaway.train.Trainer;
import dev.cutaway.train.run.Recipe;
import dev.cutaway.train.run.RunListener;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How far a training run is, on standard error: a bar where that is a terminal, else a line now and then. */
final class TrainProgress implements RunListener, AutoCloseable {
    private static final long INTERVAL = 10_000_000_000L; // nanoseconds between lines
    private static final int SPEED_OF = 50; // steps
    private static final String INDENT = "    ";

    private final Recipe recipe;
    private final boolean bar = Terminal.error();
    private final Deque<Double> times = new ArrayDeque<>(); // seconds a token, of the last steps
    private @Nullable Progress progress;
    private long begun = System.nanoTime();
    private long before;
    private long last = begun - INTERVAL;

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
        begun = System.nanoTime();
        before = done;
        if (bar) {
            progress = new Progress("training", r.steps(), done);
        }
    }

    @Override
    public void step(Trainer.Step s, double tokensPerSecond, Map<String, Trainer.Norms> norms) {
        times.addLast(1 / tokensPerSecond);
        if (times.size() > SPEED_OF) {
            times.removeFirst();
        }
        Progress p = progress;
        long now = System.nanoTime();
        boolean told = now - last >= INTERVAL || s.step() == recipe.steps() || Log.verbose();
        if (p == null && !told) {
            return;
        }
        String step = String.format(Locale.ROOT, "step %d/%d  loss %.4f", s.step(), recipe.steps(), s.loss());
        String rate = step + "  lr " + (s.rate() == 0 ? "0" : String.format(Locale.ROOT, "%.3g", s.rate()));
        String speed = rate + String.format(Locale.ROOT, "  %,.0f tokens/s", speed());
        if (p != null) {
            // On a narrow terminal what matters least goes first.
            String least = String.format(Locale.ROOT, "%d  %.4f", s.step(), s.loss());
            p.label(List.of(speed, rate, step, step.substring("step ".length()), least));
            p.at(s.step());
            return;
        }
        last = now;
        String norm = Log.verbose() ? String.format(Locale.ROOT, "  norm %.4g", s.gradientNorm()) : "";
        line(speed + norm + left(s.step(), now));
    }

    /** Of the last steps together: tokens over seconds, as far as steps have equally many. */
    private double speed() {
        return times.size() / times.stream().mapToDouble(Double::doubleValue).sum();
    }

    private String left(long step, long now) {
        double seconds = (now - begun) / 1e9;
        double each = seconds / Math.max(1, step - before);
        // The first steps take longer than all others, so they say little.
        return step >= recipe.steps() || step < before + 3 || seconds < 3
                ? ""
                : "  " + Progress.duration(each * (recipe.steps() - step)) + " left";
    }

    @Override
    public void valid(long step, double loss, Map<String, Double> right) {
        StringBuilder s = new StringBuilder(String.format(Locale.ROOT, "step %d: valid loss %.4f", step, loss));
        right.forEach((labels, share) -> s.append(
                String.format(Locale.ROOT, ", %s%.2f %% right", right.size() > 1 ? labels + " " : "", 100 * share)));
        line(s.toString());
    }

    @Override
    public void sample(long step, String prompt, String text) {
        line(wrapped("step " + step + ": " + compact(prompt) + " |" + compact(text), bar ? Terminal.columns() : 0));
    }

    /** A text in one line: its line ends are signs. */
    static String compact(String text) {
        return Writing.printable(text).replaceAll("[ \\t]*\\n[ \\t]*", " ⏎ ").replaceAll("⏎ +(?=⏎)", "⏎");
    }

    /** A line in as many as a terminal needs for it, cut between words where that can be, all but the first set in. */
    static String wrapped(String text, int columns) {
        if (columns < 2 * INDENT.length() + 8) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        String rest = text;
        int room = columns - 1;
        while (rest.length() > room) {
            int space = rest.lastIndexOf(' ', room);
            int at = space > room / 2 ? space : Character.isHighSurrogate(rest.charAt(room - 1)) ? room - 1 : room;
            out.append(rest, 0, at).append('\n').append(INDENT);
            rest = rest.substring(at).stripLeading();
            room = columns - 1 - INDENT.length();
        }
        return out.append(rest).toString();
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
