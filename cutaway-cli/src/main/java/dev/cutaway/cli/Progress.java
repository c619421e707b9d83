package dev.cutaway.cli;

import java.util.List;

/** How far something is, on standard error, and only if that is a terminal. It keeps to one line however narrow that is. */
final class Progress implements AutoCloseable {
    private static final int WIDTH = 24;
    private static final int NARROWEST = 6;
    private static final double ENOUGH = 3; // seconds after which the time left is worth saying
    private static final long INTERVAL = 100_000_000; // nanoseconds

    private final long total;
    private final long before;
    private final boolean shown = Terminal.error();
    private final long start = System.nanoTime();
    private List<String> labels;
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
        this.labels = List.of(label);
        this.total = Math.max(1, total);
        this.before = before;
    }

    /** What is being done now. */
    void label(String what) {
        label(List.of(what));
    }

    /** The same in several lengths, the longest first: the first that there is room for is shown. */
    void label(List<String> what) {
        labels = what;
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
        boolean known = done > before && (part > 0.01 || seconds > ENOUGH);
        String left = known ? " " + duration(seconds * (total - done) / (double) (done - before)) + " left" : "";
        draw(line(part, left, Terminal.columns() - 1));
    }

    /** Says something instead of the bar, until it moves again. */
    void say(String what) {
        if (shown) {
            draw(cut(labels.getFirst() + ": " + what, Terminal.columns() - 1));
            last = System.nanoTime() - INTERVAL;
        }
    }

    /** A length of time, for people. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        long minutes = Math.round(seconds / 60);
        return s < 90 ? s + " s" : s < 5400 ? minutes + " min" : minutes / 60 + " h " + minutes % 60 + " min";
    }

    /** The line in so many columns: first the bar gets shorter, then the label, and the time goes last. */
    private String line(double part, String left, int columns) {
        String percent = (int) (part * 100) + "%";
        int spare = columns - percent.length() - left.length() - 4;
        String label = labels.stream()
                .filter(l -> l.length() <= spare - NARROWEST)
                .findFirst()
                .orElse(labels.getLast());
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
