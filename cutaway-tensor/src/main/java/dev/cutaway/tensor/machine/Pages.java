package dev.cutaway.tensor.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Memory in large pages, for what is read through from one end to the other all the time: with small ones the processor has
 * an address to look up every 4 kB, and in a virtual machine that takes twice as long.
 */
@SuppressWarnings("restricted") // mmap, madvise, munmap
public final class Pages {
    /** Bytes of a large page on the processors and systems that this knows. */
    public static final long LARGE = 2L << 20;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;

    private static final Map<String, MemorySegment> FUNCTIONS = new ConcurrentHashMap<>();

    private Pages() {}

    /**
     * Zeroed memory that the system was asked to keep in large pages: on Linux, where native access is enabled. Elsewhere,
     * and where the system refuses, ordinary memory.
     *
     * @param bytes a multiple of {@link #LARGE}
     * @param arena what it belongs to
     */
    public static MemorySegment allocate(long bytes, Arena arena) {
        boolean linux =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");
        if (linux && Pages.class.getModule().isNativeAccessEnabled()) {
            long all = bytes + LARGE; // wherever it lies, a whole number of large pages is inside
            long start = call("mmap", 0L, all, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
            if (start != -1) {
                long aligned = (start + LARGE - 1) / LARGE * LARGE;
                call("madvise", aligned, bytes, MADV_HUGEPAGE, 0, 0, 0L);
                return MemorySegment.ofAddress(aligned)
                        .reinterpret(bytes, arena, gone -> call("munmap", start, all, 0, 0, 0, 0L));
            }
        }
        return arena.allocate(bytes, LARGE);
    }

    /**
     * Calls a function of the system's library. One that takes fewer arguments sees no more of them, and one that takes 32 bits
     * only the lower ones, as everywhere that numbers are passed in registers; of one that answers with 32 bits only those count.
     * So all share one way to call, whose making is what takes long.
     */
    static long call(String function, long a, long b, long c, long d, long e, long f) {
        MemorySegment address = FUNCTIONS.computeIfAbsent(
                function, name -> Linker.nativeLinker().defaultLookup().findOrThrow(name));
        return MachineCode.call(address, a, b, c, d, e, f);
    }
}
