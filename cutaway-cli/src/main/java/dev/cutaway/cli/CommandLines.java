package dev.cutaway.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import picocli.CommandLine;

/** Command lines as picocli reads them. A class of its own, so that a start that needs no picocli loads nothing of it. */
final class CommandLines {
    private CommandLines() {}

    /** Reads the arguments, runs the command, and gives the exit code. */
    static int execute(String[] args, PrintWriter out, PrintWriter err) {
        return commandLine(args, out, err).execute(args);
    }

    /** What reads the arguments. */
    static CommandLine commandLine(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine line = new CommandLine(new Cutaway());
        Commands.add(line, args);
        // A text may begin with @, which picocli would take for the name of a file with arguments.
        return line.setExpandAtFiles(false)
                .setUsageHelpWidth(width(args))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        Terminal.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((problem, _) -> {
                    Failure failure = Failure.ofUsage(problem);
                    failure.report(err, Log.verbose());
                    return failure.code();
                })
                .setExecutionExceptionHandler((thrown, command, parsed) -> {
                    Failure failure = Failure.of(thrown);
                    failure.report(err, Log.verbose());
                    return failure.code();
                });
    }

    /** Columns of help: those of the terminal, within reason. Only asked where help is wanted, since asking takes time. */
    private static int width(String[] args) {
        boolean help = Arrays.stream(args).anyMatch(a -> a.equals("--help") || a.equals("-h"));
        return help && Terminal.output() ? Math.clamp(Terminal.outputColumns(), 55, 120) : 80;
    }
}
