package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals, and where output goes: a command as a process. */
class StreamsTest {
    private static final Object[] LONG = {
        "run", "tales", "Once upon a time", "--seed", 1, "--max-tokens", 1_000_000, "--ignore-eos"
    };

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalEndsGenerationAtOnceAndWhatWasWrittenStays(String signal, int code) {
        String begins = Command.run("run", "tales", "Once upon a time", "--seed", 1, "--max-tokens", 8, "--ignore-eos")
                .done()
                .out()
                .stripTrailing();
        try (Started started = Started.How.PLAIN.start(LONG)) {
            started.until(() -> started.out().length() > begins.length());
            long before = System.nanoTime();
            started.signal(signal);
            Command end = started.end();
            assertThat((System.nanoTime() - before) / 1e9).as("seconds to end").isLessThan(10);
            assertThat(end.code()).isEqualTo(code);
            assertThat(end.out()).startsWith(begins);
            assertThat(end.err()).isEmpty();
        }
    }

    /** A device that is always full is there on Linux. */
    static boolean full() {
        return Files.exists(Path.of("/dev/full"));
    }

    @Test
    @EnabledIf("full")
    void aFullDiskIsNoSuccess() throws IOException {
        Command c = Started.How.PLAIN.writingTo(Path.of("/dev/full")).run("models");
        c.failed(4, "standard output", "free space");
    }

    @Test
    void coloursOnATerminalOnlyAndNotAgainstTheReadersWish() {
        String escape = "\u001b[";
        assertThat(Started.How.PLAIN
                        .onTerminals("12")
                        .run("run", "--help")
                        .done()
                        .out())
                .contains(escape);
        for (Started.How how : List.of(
                Started.How.PLAIN,
                Started.How.PLAIN.onTerminals("2"),
                Started.How.PLAIN.onTerminals("12").with("NO_COLOR", "1"),
                Started.How.PLAIN.onTerminals("12").with("TERM", "dumb"))) {
            assertThat(how.run("run", "--help").done().out())
                    .as(how.toString())
                    .contains("--temperature")
                    .doesNotContain(escape);
        }
    }
}
