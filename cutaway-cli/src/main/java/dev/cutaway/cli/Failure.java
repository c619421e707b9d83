package dev.cutaway.cli;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine;

/**
 * How a command ended that did not reach its end: the exit code and the one line that goes with it.
 *
 * @param code 1 a defect of Cutaway, 2 wrong usage, 3 bad input, 4 out of resources, 130 interrupted
 * @param line what is wrong, where, and what to do; no class names
 * @param cause what was thrown, for {@code --verbose}
 */
record Failure(int code, String line, Throwable cause) {
    static final int DEFECT = 1;
    static final int USAGE = 2;
    static final int BAD_INPUT = 3;
    static final int RESOURCES = 4;
    static final int INTERRUPTED = 130;

    /** The failure that an exception out of a command stands for; wrappers of other threads are opened. */
    static Failure of(Throwable thrown) {
        Throwable cause = thrown;
        while (isWrapper(cause) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case UsageException e -> new Failure(USAGE, message(e), thrown);
            case CommandLine.ParameterException e -> ofUsage(e);
            case ResourceException e -> new Failure(RESOURCES, message(e), thrown);
            case BadInputException e -> new Failure(BAD_INPUT, message(e), thrown);
            case CutawayException e -> new Failure(BAD_INPUT, message(e), thrown);
            case OutOfMemoryError e ->
                new Failure(
                        RESOURCES,
                        "out of memory (" + message(e)
                                + "): choose a smaller model or context, or give the JVM more with"
                                + " CUTAWAY_JAVA_OPTS=-Xmx8g",
                        thrown);
            case StackOverflowError e ->
                new Failure(RESOURCES, "the input is nested too deeply for this program's stack", thrown);
            case IOException e -> new Failure(codeOf(e), describe(e), thrown);
            case InvalidPathException e -> new Failure(BAD_INPUT, "not a file name: " + message(e), thrown);
            case InterruptedException e -> new Failure(INTERRUPTED, "interrupted", thrown);
            case CancellationException e -> new Failure(INTERRUPTED, "interrupted", thrown);
            default ->
                new Failure(
                        DEFECT,
                        "a defect of Cutaway: " + message(cause) + "; please report it with the output of --verbose",
                        thrown);
        };
    }

    /** Wrong options or arguments, with the nearest right ones where picocli knows them. */
    static Failure ofUsage(CommandLine.ParameterException problem) {
        // What an option's setter throws arrives wrapped, with the wrapper's own words in front.
        if (problem.getCause() instanceof CutawayException own) {
            return of(own);
        }
        CommandLine command = problem.getCommandLine();
        Optional<String> unknown = unknownCommand(problem);
        if (unknown.isPresent()) {
            String nearest = Nearest.of(unknown.get(), Commands.names());
            return new Failure(
                    USAGE,
                    "there is no command '" + oneLine(unknown.get()) + "'; did you mean " + nearest
                            + "? see cutaway --help",
                    problem);
        }
        // picocli names Java's types.
        StringBuilder line = new StringBuilder(oneLine(message(problem))
                .replaceAll("' is not an? (int|long)\\b", "' is not a whole number")
                .replaceAll("' is not a (double|float)\\b", "' is not a number"));
        List<String> nearest = problem instanceof CommandLine.UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions()
                : List.of();
        if (!nearest.isEmpty()) {
            line.append("; did you mean ")
                    .append(String.join(" or ", nearest.subList(0, Math.min(3, nearest.size()))))
                    .append('?');
        }
        line.append("; see ").append(command.getCommandSpec().qualifiedName()).append(" --help");
        return new Failure(USAGE, line.toString(), problem);
    }

    /** The first argument if it should have been a command. */
    private static Optional<String> unknownCommand(CommandLine.ParameterException problem) {
        return problem instanceof CommandLine.UnmatchedArgumentException unmatched
                        && problem.getCommandLine().getParent() == null
                ? Optional.of(unmatched.getUnmatched().getFirst()).filter(first -> !first.startsWith("-"))
                : Optional.empty();
    }

    /** Prints the line, and the stack trace where asked for. */
    void report(PrintWriter err, boolean verbose) {
        err.println("cutaway: " + line);
        if (verbose) {
            cause.printStackTrace(err);
        }
        err.flush();
    }

    private static boolean isWrapper(Throwable thrown) {
        return thrown instanceof UncheckedIOException
                || thrown instanceof ExecutionException
                || thrown instanceof CompletionException
                || thrown instanceof CommandLine.ExecutionException;
    }

    private static int codeOf(IOException e) {
        String message = message(e);
        return message.contains("No space left") || message.contains("Too many open files") ? RESOURCES : BAD_INPUT;
    }

    private static String describe(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": no such file";
            case FileNotFoundException missing -> message(missing);
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileSystemException other -> message(other);
            default -> message(e);
        };
    }

    private static String message(Throwable thrown) {
        String message = thrown.getMessage();
        return message == null || message.isBlank() ? thrown.getClass().getSimpleName() : oneLine(message);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
