package dev.cutaway.cli;

import java.util.Locale;

/** How far something is, on standard error, and only if that is a terminal. It keeps to one line however narrow that is. */
final class Progress implements AutoCloseable {
    private static final int WIDTH = 24;
    private static final int NARROWEST = 6;
    private static final long INTERVAL = 100_000_000; // nanoseconds

    private final long total;
    private final long before;
    private final boolean shown = Terminal.error();
    private final long start = System.nanoTime();
    private String label;
    private long last = start - INTERVAL;
    private int drawn;

    Progress(String label, long total) {
        this(label, total, 0);
    }

    /**
     * Progress that does not begin at nothing.
     *
     * @param before what was done before, which took none of this time
     */
    Progress(String label, long total, long before) {
        this.label = label;
        this.total = Math.max(1, total);
        this.before = before;
    }

    /** What is being done now. */
    void label(String what) {
        label = what;
    }

    /** Tells how much is done. */
    void at(long done) {
        long now = System.nanoTime();
        if (!shown || now - last < INTERVAL) {
            return;
        }
        last = now;
        double part = Math.clamp(done / (double) total, 0, 1);
        double seconds = (now - start) / 1e9;
        boolean known = part > 0.01 && done > before;
        String left = known
                ? String.format(Locale.ROOT, " %.0f s left", seconds * (total - done) / (double) (done - before))
                : "";
        draw(line(part, left, Terminal.columns() - 1));
    }

    /** Says something instead of the bar, until it moves again. */
    void say(String what) {
        if (shown) {
            draw(cut(label + ": " + what, Terminal.columns() - 1));
            last = System.nanoTime() - INTERVAL;
        }
    }

    /** The line in so many columns: first the bar gets shorter, then the label, and the time goes last. */
    private String line(double part, String left, int columns) {
        String percent = (int) (part * 100) + "%";
        int spare = columns - percent.length() - left.length() - 4;
        int bar = Math.clamp(spare - label.length(), NARROWEST, WIDTH);
        if (spare - bar < NARROWEST && !left.isEmpty()) {
            return line(part, "", columns);
        }
        int full = (int) (part * bar);
        return cut(
                cut(label, Math.max(0, spare - bar)) + " [" + "#".repeat(full) + "-".repeat(bar - full) + "] " + percent
                        + left,
                columns);
    }

    private static String cut(String text, int columns) {
        if (text.length() <= columns) {
            return text;
        }
        return columns < 4 ? text.substring(0, Math.max(0, columns)) : text.substring(0, columns - 3) + "...";
    }

    private void draw(String line) {
        System.err.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
        System.err.flush();
        drawn = line.length();
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (drawn > 0) {
            draw("");
            System.err.print("\r");
            System.err.flush();
        }
    }
}
