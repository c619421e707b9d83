package dev.cutaway.tensor;

/** A command or call that asks for something that does not exist or does not go together (exit code 2). */
public final class UsageException extends CutawayException {
    private static final long serialVersionUID = 1L;

    /** The message is one line: what is wrong, where (file, key, value) and the remedy. */
    public UsageException(String message) {
        super(message);
    }

    /** As above, with the cause that {@code --verbose} shows. */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
