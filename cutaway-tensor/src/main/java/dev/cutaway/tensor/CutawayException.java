package dev.cutaway.tensor;

import java.util.Objects;

/** Something that a person can act on: the message is one line that says what, where and what to do. */
public class CutawayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The message is one line: what is wrong, where (file, key, value) and the remedy. */
    public CutawayException(String message) {
        super(message);
    }

    /** As above, with the cause that {@code --verbose} shows. */
    public CutawayException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Never null, other than for exceptions in general. */
    @Override
    public final String getMessage() {
        return Objects.requireNonNullElse(super.getMessage(), "");
    }
}
