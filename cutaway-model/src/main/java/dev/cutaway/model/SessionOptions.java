package dev.cutaway.model;

/**
 * How a session runs.
 *
 * @param recording whether the residual stream into every block is kept, so that everything can be looked at afterwards
 * @param context most positions it may hold; 0 for the model's own
 */
public record SessionOptions(boolean recording, int context) {
    /** Recording, the model's context. */
    public static SessionOptions defaults() {
        return new SessionOptions(true, 0);
    }

    public SessionOptions withRecording(boolean r) {
        return new SessionOptions(r, context);
    }

    public SessionOptions withContext(int n) {
        return new SessionOptions(recording, n);
    }
}
