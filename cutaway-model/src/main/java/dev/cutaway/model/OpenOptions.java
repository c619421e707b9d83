package dev.cutaway.model;

import dev.cutaway.model.hub.HubProgress;

/**
 * How a model is opened.
 *
 * @param threads threads that run it
 * @param exact quantised weights widened to float32 and nothing rounded on the way; slower, more memory
 * @param progress told of downloads
 */
public record OpenOptions(int threads, boolean exact, HubProgress progress) {
    public OpenOptions {
        if (threads < 1 || threads > 1024) {
            throw new dev.cutaway.tensor.UsageException("--threads " + threads + ": from 1 to 1024");
        }
    }

    /** All processors, fast path, silent. */
    public static OpenOptions defaults() {
        return new OpenOptions(Runtime.getRuntime().availableProcessors(), false, HubProgress.SILENT);
    }

    public OpenOptions withThreads(int n) {
        return new OpenOptions(n, exact, progress);
    }

    public OpenOptions withExact(boolean e) {
        return new OpenOptions(threads, e, progress);
    }

    public OpenOptions withProgress(HubProgress p) {
        return new OpenOptions(threads, exact, p);
    }
}
