package dev.cutaway.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Standard error without what the JVM itself writes there.
 *
 * <p>At every start the JVM prints a warning about the incubating module that the kernels use, and no flag stops it. So
 * the launcher starts the JVM with a filter as descriptor 2 that drops this line, hands the real standard error over as
 * another descriptor, and says which in a property. The first time that the program itself has something to say,
 * descriptor 2 is pointed back to the real one with {@code dup2}: progress bars then move, and lines are there when the
 * process has ended. Until then what the JVM says (it could not start, it ran out of memory) still comes through the
 * filter.
 *
 * <p>The descriptor is only touched if the property names it: one that is not ours may be the JVM's own
 * {@code lib/modules}, and writing to that would destroy the JDK.
 */
final class StandardError {
    private static final String PROPERTY = "cutaway.stderr";

    private StandardError() {}

    /** A stream to standard error, in UTF-8, that takes the real descriptor back before its first byte. */
    static PrintStream stream() {
        OutputStream raw = new FileOutputStream(FileDescriptor.err);
        int descriptor = descriptor();
        OutputStream out = descriptor > 2 ? new Returned(raw, descriptor) : raw;
        return new PrintStream(out, true, StandardCharsets.UTF_8);
    }

    /** The descriptor of the real standard error. */
    static int descriptor() {
        String descriptor = System.getProperty(PROPERTY, "");
        return descriptor.matches("[3-9]") ? Integer.parseInt(descriptor) : 2;
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static void takeBack(int descriptor) {
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle dup2 = linker.downcallHandle(
                    linker.defaultLookup().find("dup2").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            // The result does not matter: where it fails, lines go on through the filter, which passes them.
            int _ = (int) dup2.invokeExact(descriptor, 2);
        } catch (Throwable e) {
            // As above.
        }
    }

    /** Takes the descriptor back once, before the first write; building the call costs a tenth of a second. */
    private static final class Returned extends FilterOutputStream {
        private final int descriptor;
        private boolean done;

        Returned(OutputStream out, int descriptor) {
            super(out);
            this.descriptor = descriptor;
        }

        @Override
        public synchronized void write(int b) throws IOException {
            once();
            out.write(b);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            once();
            out.write(bytes, offset, length);
        }

        private void once() {
            if (!done) {
                done = true;
                takeBack(descriptor);
            }
        }
    }
}
