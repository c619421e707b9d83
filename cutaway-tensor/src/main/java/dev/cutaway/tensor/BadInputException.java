package dev.cutaway.tensor;

/** A file, model, image or text that cannot be used as it is (exit code 3). */
public final class BadInputException extends CutawayException {
    private static final long serialVersionUID = 1L;

    /** The message is one line: what is wrong, where (file, key, value) and the remedy. */
    public BadInputException(String message) {
        super(message);
    }

    /** As above, with the cause that {@code --verbose} shows. */
    public BadInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
