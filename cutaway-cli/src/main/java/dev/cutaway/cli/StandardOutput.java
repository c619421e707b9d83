package dev.cutaway.cli;

import dev.cutaway.tensor.ResourceException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Standard output that remembers why it failed, which {@link java.io.PrintStream} does not tell: a result that a full disk has
 * swallowed must not end with 0, while a reader that has gone, as after {@code | head}, is no failure.
 */
final class StandardOutput extends FilterOutputStream {
    private String failure = "";

    StandardOutput() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    StandardOutput(OutputStream out) {
        super(out);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = String.valueOf(e.getMessage());
            throw e;
        }
    }

    /** Ends a command whose results did not all arrive. */
    void check() {
        if (!failure.isEmpty() && !failure.contains("Broken pipe") && !failure.contains("pipe has been ended")) {
            throw new ResourceException("standard output: the results could not be written (" + failure
                    + "); free space, or write them elsewhere");
        }
    }
}
