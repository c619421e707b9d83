package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A command in a process of its own, where its environment, its terminals or signals matter. */
final class Started implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Path outFile;
    private final Path errFile;

    private Started(Process process, Path outFile, Path errFile) {
        this.process = process;
        this.outFile = outFile;
        this.errFile = errFile;
    }

    /**
     * How to start: variables besides those of this process, the descriptors that shall count as
     * terminals, and where standard output goes if not to the test.
     */
    record How(Map<String, String> environment, String terminals, Optional<Path> output) {
        static final How PLAIN = new How(Map.of(), "", Optional.empty());

        How with(String name, Object value) {
            Map<String, String> more = new TreeMap<>(environment);
            more.put(name, String.valueOf(value));
            return new How(more, terminals, output);
        }

        How onTerminals(String descriptors) {
            return new How(environment, descriptors, output);
        }

        How writingTo(Path file) {
            return new How(environment, terminals, Optional.of(file));
        }

        Started start(Object... args) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Dcutaway.terminals=" + terminals,
                    "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    "dev.cutaway.cli.Main"));
            Arrays.stream(args).map(String::valueOf).forEach(command::add);
            try {
                Path out = Files.createTempFile("started", ".out");
                Path err = Files.createTempFile("started", ".err");
                ProcessBuilder builder = new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectOutput(output.orElse(out).toFile())
                        .redirectError(err.toFile());
                builder.environment().keySet().removeIf(name -> name.startsWith("HF_") || name.startsWith("JAVA_"));
                builder.environment().keySet().removeAll(List.of("COLUMNS", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY"));
                builder.environment().putAll(environment);
                return new Started(builder.start(), out, err);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Runs a command to its end. */
        Command run(Object... args) {
            try (Started started = start(args)) {
                return started.end();
            }
        }
    }

    /** Waits for the end. */
    Command end() {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("still running; it wrote: %s%s", out(), err())
                    .isTrue();
            return new Command(process.exitValue(), out(), err());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Sends a signal, by name. */
    void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until something is so. */
    Started until(BooleanSupplier so) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!so.getAsBoolean()) {
            assertThat(process.isAlive() && System.nanoTime() < end)
                    .as("ended or silent too early; it wrote: %s%s", out(), err())
                    .isTrue();
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return this;
    }

    String out() {
        return read(outFile);
    }

    /** What it wrote to standard error, without what the JVM itself writes there, which the launcher drops. */
    String err() {
        String all = read(errFile);
        return all.startsWith("WARNING: Using incubator modules") ? all.substring(all.indexOf('\n') + 1) : all;
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
        process.destroyForcibly();
        outFile.toFile().delete();
        errFile.toFile().delete();
    }
}
