package dev.cutaway.cli;

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A command's results, on standard output, in UTF-8. Buffered; what is written shows at {@link #flush} and at the end. */
final class Out implements AutoCloseable {
    private final PrintStream stream =
            new PrintStream(new BufferedOutputStream(System.out, 1 << 15), false, StandardCharsets.UTF_8);

    Out text(String text) {
        stream.print(text);
        return this;
    }

    Out line(String line) {
        stream.print(line);
        stream.print('\n');
        return this;
    }

    /** Shows what was written. */
    Out flush() {
        stream.flush();
        return this;
    }

    /** Whether nobody reads any more, as after {@code | head -1}. */
    boolean abandoned() {
        return System.out.checkError();
    }

    @Override
    public void close() {
        stream.flush();
    }
}
