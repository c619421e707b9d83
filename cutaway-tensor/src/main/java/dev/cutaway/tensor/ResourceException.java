package dev.cutaway.tensor;

/** Memory, disk or another resource does not suffice (exit code 4). */
public final class ResourceException extends CutawayException {
    private static final long serialVersionUID = 1L;

    /** The message is one line: what is wrong, where (file, key, value) and the remedy. */
    public ResourceException(String message) {
        super(message);
    }

    /** As above, with the cause that {@code --verbose} shows. */
    public ResourceException(String message, Throwable cause) {
        super(message, cause);
    }
}
