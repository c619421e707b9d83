package dev.cutaway.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;

/** Turns that someone types: with editing and history of this session, Ctrl-C for the answer and Ctrl-D for the end. */
final class TerminalTurns implements AutoCloseable {
    private final org.jline.terminal.Terminal terminal;
    private final LineReader reader;
    private final Runnable cancel;

    /** Turns whose answers are ended by {@code cancel}. */
    TerminalTurns(Runnable cancel) {
        this.cancel = cancel;
        try {
            terminal = TerminalBuilder.builder().system(true).build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                // A text is a text: "!" and "\" mean nothing.
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
    }

    /** The next line; empty at the end. Ctrl-C at the prompt begins a new line. */
    Optional<String> next() {
        while (true) {
            try {
                return Optional.of(reader.readLine("> "));
            } catch (UserInterruptException e) {
                terminal.writer().println();
            } catch (EndOfFileException e) {
                return Optional.empty();
            }
        }
    }

    /** Generates an answer, which Ctrl-C stops. */
    void answering(Runnable answer) {
        SignalHandler before = terminal.handle(Signal.INT, _ -> cancel.run());
        try {
            answer.run();
        } finally {
            terminal.handle(Signal.INT, before);
        }
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            // The program ends anyway.
        }
    }
}
