package dev.cutaway.cli;

import dev.cutaway.model.hub.HubProgress;
import org.jspecify.annotations.Nullable;

/**
 * Shows a download on standard error: a bar where that is a terminal, else one line, since a program that waits for a network
 * without a word looks hung. Nothing beside JSON, which programs read.
 */
final class Downloads implements HubProgress, AutoCloseable {
    private final boolean quiet;
    private @Nullable Progress bar;
    private int files;
    private long finished;
    private long size;

    Downloads(boolean quiet) {
        this.quiet = quiet;
    }

    @Override
    public void begin(String model, int count, long bytes, long present) {
        files = count;
        if (quiet) {
            return;
        }
        if (Terminal.error()) {
            bar = new Progress(model, bytes, present);
        } else {
            System.err.println("downloading " + model + ": " + Describe.bytes(bytes)
                    + (count == 1 ? "" : " in " + count + " files")
                    + (present == 0 ? "" : ", " + Describe.bytes(present) + " of it are there already"));
        }
    }

    @Override
    public void start(String file, long bytes, long present) {
        size = bytes;
        show(file, present);
    }

    @Override
    public void at(String file, long bytes) {
        show(file, bytes);
    }

    @Override
    public void retry(String file, String reason) {
        if (bar != null) {
            bar.say("waiting (" + Writing.printable(reason) + ")");
        }
    }

    @Override
    public void done(String file) {
        if (bar == null) {
            return; // not begun yet: the list of the shards
        }
        finished += size;
        if (--files == 0) {
            close();
        }
    }

    private void show(String file, long bytes) {
        if (bar != null) {
            bar.label(Writing.printable(file));
            bar.at(finished + bytes);
        }
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
