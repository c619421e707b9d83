package dev.cutaway.model;

/**
 * How a model is opened.
 *
 * @param threads threads that run it
 * @param exact quantised weights widened to float32 and nothing rounded on the way; slower, more memory
 * @param offline never download
 */
public record OpenOptions(int threads, boolean exact, boolean offline) {
    public OpenOptions {
        if (threads < 1 || threads > 1024) {
            throw new dev.cutaway.tensor.UsageException("--threads " + threads + ": from 1 to 1024");
        }
    }

    /** All processors, fast path. */
    public static OpenOptions defaults() {
        return new OpenOptions(Runtime.getRuntime().availableProcessors(), false, false);
    }

    public OpenOptions withThreads(int n) {
        return new OpenOptions(n, exact, offline);
    }

    public OpenOptions withExact(boolean e) {
        return new OpenOptions(threads, e, offline);
    }
}
