package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.machine.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for packed weights: pieces of large slabs that the system is asked to keep in large pages, since every generated
 * token reads through all of it. Several threads may allocate and use it; closing frees everything.
 */
public final class WeightArena implements Arena {
    private static final long SLAB = 16 * Pages.LARGE;

    private final Arena arena = Arena.ofShared();
    private MemorySegment slab = MemorySegment.NULL;
    private long used;

    /** An arena without memory yet. */
    public WeightArena() {}

    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        if (bytes >= SLAB / 2) { // its own slab
            return slab((bytes + Pages.LARGE - 1) / Pages.LARGE * Pages.LARGE).asSlice(0, bytes, alignment);
        }
        long at = (used + alignment - 1) / alignment * alignment;
        if (slab.byteSize() < at + bytes) {
            slab = slab(SLAB);
            at = 0;
        }
        used = at + bytes;
        return slab.asSlice(at, bytes, alignment);
    }

    private MemorySegment slab(long bytes) {
        return Pages.allocate(bytes, arena);
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public void close() {
        arena.close();
    }
}
