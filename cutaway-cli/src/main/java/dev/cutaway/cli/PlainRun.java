package dev.cutaway.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads plain command lines of {@code cutaway run} without picocli, whose classes and reflection cost a start a fifth of a second
 * (they are compiled for Java 5, which the JVM keeps in no cache). Whatever is not plain it leaves to picocli, which then decides and
 * explains: help, an option that is not known here or comes twice, a value that is no number or begins with a dash. So this can only
 * say what picocli says, or nothing; {@code PlainRunTest} compares the two for every option.
 */
final class PlainRun {
    private static final int MAX_THREADS = 1024;

    private final Run run = new Run();
    private final Set<String> seen = new HashSet<>();
    private final List<String> others = new ArrayList<>();
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean verbose;

    private PlainRun() {}

    /** The command, ready to run; empty if picocli must read the arguments. */
    static Optional<Run> read(String[] args) {
        PlainRun plain = new PlainRun();
        try {
            return args.length > 1 && args[0].equals("run") && plain.take(args)
                    ? Optional.of(plain.run)
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private boolean take(String[] args) {
        for (int i = 1; i < args.length; i++) {
            String arg = args[i];
            if (!arg.startsWith("--")) {
                if (!plain(arg)) {
                    return false;
                }
                others.add(arg);
                continue;
            }
            int equals = arg.indexOf('=');
            String option = equals < 0 ? arg : arg.substring(0, equals);
            if (!seen.add(option)) {
                return false;
            }
            if (equals < 0 && flag(option)) {
                continue;
            }
            String value = equals >= 0 ? arg.substring(equals + 1) : ++i < args.length ? args[i] : "";
            if (!plain(value) || !value(option, value)) {
                return false;
            }
        }
        if (others.isEmpty() || others.size() > 2) {
            return false;
        }
        run.take(others.getFirst(), others.size() > 1 ? others.get(1) : null, threads);
        if (verbose) {
            Log.verbose(true);
        }
        return true;
    }

    /** What picocli takes as it is: no option, not empty, not in quotation marks. */
    private static boolean plain(String arg) {
        return !arg.isEmpty() && arg.charAt(0) != '-' && arg.charAt(0) != '"' && arg.charAt(0) != '\'';
    }

    private boolean flag(String option) {
        if (option.equals("--verbose")) {
            verbose = true;
            return true;
        }
        return run.take(option);
    }

    private boolean value(String option, String value) {
        if (!option.equals("--threads")) {
            return run.take(option, value);
        }
        threads = Integer.parseInt(value);
        return threads >= 1 && threads <= MAX_THREADS;
    }
}
