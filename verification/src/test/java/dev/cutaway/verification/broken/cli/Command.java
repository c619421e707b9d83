package dev.cutaway.verification.broken.cli;

/** The top, which nothing may use. */
public final class Command {
    private Command() {}

    /** Somewhere to point to. */
    public static int code() {
        return 0;
    }
}
