package dev.cutaway.cli;

/** How far something is, on standard error, and only if that is a terminal. */
final class Progress implements AutoCloseable {
    private static final int WIDTH = 24;
    private static final long INTERVAL = 100_000_000; // nanoseconds

    private final String what;
    private final long total;
    private final boolean shown = Terminal.error();
    private final long start = System.nanoTime();
    private long last;
    private int drawn;

    Progress(String what, long total) {
        this.what = what;
        this.total = Math.max(1, total);
    }

    /** Tells how much is done. */
    void at(long done) {
        long now = System.nanoTime();
        if (!shown || now - last < INTERVAL) {
            return;
        }
        last = now;
        double part = Math.clamp(done / (double) total, 0, 1);
        int full = (int) (part * WIDTH);
        double seconds = (now - start) / 1e9;
        String left = part > 0.01 ? String.format(java.util.Locale.ROOT, " %.0f s left", seconds / part - seconds) : "";
        String line =
                what + " [" + "#".repeat(full) + "-".repeat(WIDTH - full) + "] " + (int) (part * 100) + "%" + left;
        draw(line);
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
