package dev.cutaway.verification.broken.train;

import dev.cutaway.verification.broken.cli.Command;

/** Breaks the direction of dependencies. */
final class Upwards {
    private Upwards() {}

    static int code() {
        return Command.code();
    }
}
