package dev.cutaway.cli;

import dev.cutaway.tensor.ResourceException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The {@code cutaway} command: results to standard output, everything else to standard error. */
public final class Main {
    private Main() {}

    /** Runs the command and ends the process with its exit code: 0, or one of {@link Failure}'s. */
    public static void main(String[] args) {
        // Numbers and bytes that scripts read must not depend on the machine's language.
        Locale.setDefault(Locale.ROOT);
        StandardOutput written = new StandardOutput();
        System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
        System.setErr(StandardError.stream());
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, thrown) -> Failure.of(thrown).report(err, Log.verbose()));
        int code = run(args, out, err);
        System.out.flush();
        System.exit(code == 0 ? arrived(written, err) : code);
    }

    private static int arrived(StandardOutput written, PrintWriter err) {
        try {
            written.check();
            return 0;
        } catch (ResourceException e) {
            Failure failure = Failure.of(e);
            failure.report(err, Log.verbose());
            return failure.code();
        }
    }

    /**
     * Runs one command in this process.
     *
     * @param out where help and version go; a command's results go to {@code System.out}
     * @param err where one line about a failure goes
     * @return the exit code
     */
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        try {
            Optional<Run> plain = PlainRun.read(args);
            if (plain.isPresent()) {
                plain.get().run();
                return 0;
            }
            return CommandLines.execute(help(args), out, err);
        } catch (Throwable thrown) { // picocli lets errors such as exhausted memory through
            Failure failure = Failure.of(thrown);
            failure.report(err, Log.verbose());
            return failure.code();
        }
    }

    /** {@code help} and {@code help COMMAND}, which many programs know, as {@code --help}. */
    private static String[] help(String[] args) {
        if (args.length == 0 || !args[0].equals("help")) {
            return args;
        }
        String[] meant = Arrays.copyOfRange(args, 1, args.length + 1);
        meant[meant.length - 1] = "--help";
        return meant;
    }
}
