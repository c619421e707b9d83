package dev.cutaway.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a subcommand, and the options that every subcommand takes too. */
@Command(
        name = "cutaway",
        description = "A Transformer engine that you can see into; without COMMAND its inspector starts.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.INHERIT,
        sortOptions = false)
final class Cutaway implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before anything runs
    private CommandSpec spec;

    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--threads",
            paramLabel = "N",
            scope = ScopeType.INHERIT,
            description = "Threads that compute; all cores unless given.")
    void threads(int count) {
        if (count < 1 || count > 1024) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--threads " + count + ": give a number from 1 to 1024");
        }
        threads = count;
    }

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "More of what happens on standard error; errors with their stack trace.")
    void verbose(boolean on) {
        Log.verbose(on);
    }

    /** How many threads kernels may use. */
    int threads() {
        return threads;
    }

    @Override
    public void run() {
        Inspect.start(this);
    }
}
