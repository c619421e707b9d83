package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Programs started as a person would start them, in a directory and with an environment that the test chooses. */
final class Shell {
    private final Path directory;
    private final Map<String, String> environment = new TreeMap<>(System.getenv());
    private long seconds = 300;

    private Shell(Path directory) {
        this.directory = directory;
        // What this test run itself was given must not decide how the program under test behaves.
        for (String name :
                List.of("JAVA_HOME", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CUTAWAY_JAVA_OPTS", "MAVEN_OPTS")) {
            environment.remove(name);
        }
    }

    static Shell in(Path directory) {
        return new Shell(directory);
    }

    /** Sets a variable, or takes it away. */
    Shell with(String name, @Nullable String value) {
        if (value == null) {
            environment.remove(name);
        } else {
            environment.put(name, value);
        }
        return this;
    }

    /** How a program ended and what it wrote. */
    record Outcome(int code, String out, String err) {
        /** The one line that a failure consists of. */
        Outcome failsWith(int expected, String... parts) {
            assertThat(code)
                    .as("exit code of a program that wrote %s%s", out, err)
                    .isEqualTo(expected);
            assertThat(err.lines()).as(err).hasSize(1);
            assertThat(err).startsWith("cutaway: ").contains(parts).doesNotContain("Exception");
            return this;
        }
    }

    Outcome run(String... command) {
        try (Running running = start(command)) {
            return running.await(seconds);
        }
    }

    /** Starts a program with nothing to read; its output goes to files, so nothing can block. */
    Running start(String... command) {
        try {
            Path out = Files.createTempFile("shell", ".out");
            Path err = Files.createTempFile("shell", ".err");
            ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(command)))
                    .directory(directory.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            Process process = builder.start();
            return new Running(process, out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A program that has not ended yet. */
    record Running(Process process, Path outFile, Path errFile) implements AutoCloseable {
        Outcome await(long seconds) {
            try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    throw new AssertionError("not finished after " + seconds + " s: " + out() + err());
                }
                return new Outcome(process.exitValue(), out(), err());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        String out() {
            return read(outFile);
        }

        String err() {
            return read(errFile);
        }

        private static String read(Path file) {
            try {
                return Files.readString(file, StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            outFile.toFile().delete();
            errFile.toFile().delete();
        }
    }
}
