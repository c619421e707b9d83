package dev.cutaway.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The width of a terminal, which the JDK does not tell: the shell's COLUMNS is not exported, so the system is asked
 * (TIOCGWINSZ). Built when first needed, since that costs a tenth of a second.
 */
final class Columns {
    private static final Optional<MethodHandle> IOCTL = ioctl();
    private static final long REQUEST = system().contains("mac") ? 0x40087468L : 0x5413L;

    private Columns() {}

    /** Columns of the terminal behind a descriptor; empty where it is none or the system is unknown. */
    static OptionalInt of(int descriptor) {
        if (IOCTL.isEmpty()) {
            return OptionalInt.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(8, 2); // struct winsize: rows, columns, two more
            int failed = (int) IOCTL.get().invokeExact(descriptor, REQUEST, size);
            int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 2));
            return failed != 0 || columns < 2 ? OptionalInt.empty() : OptionalInt.of(columns);
        } catch (Throwable e) {
            return OptionalInt.empty();
        }
    }

    private static String system() {
        return System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static Optional<MethodHandle> ioctl() {
        if (!system().contains("linux") && !system().contains("mac")) {
            return Optional.empty();
        }
        try {
            Linker linker = Linker.nativeLinker();
            return linker.defaultLookup()
                    .find("ioctl")
                    .map(address -> linker.downcallHandle(
                            address,
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS),
                            Linker.Option.firstVariadicArg(2)));
        } catch (UnsupportedOperationException | IllegalCallerException e) {
            return Optional.empty();
        }
    }
}
