package dev.cutaway.graph.run;

import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.AttentionKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What a plan keeps of one sequence: keys and values of every layer, and, if it records, the residual stream into every block
 * (a recording is these rows and the cache; everything else is derived from them). Belongs to one session.
 */
public final class SequenceState implements AutoCloseable {
    /**
     * What one state node keeps.
     *
     * @param name the state's name ({@code blocks.3.attn.k})
     * @param heads key heads
     * @param size elements of one head's key or value
     * @param keys whether it is stored in the kernels' key panels
     * @param source whether its rows are the source's, not the sequence's
     * @param halves whether it is stored as 16-bit floats
     */
    record Layout(String name, int heads, int size, boolean keys, boolean source, boolean halves) {
        /** Bytes of an element. */
        int bytes() {
            return halves ? 2 : 4;
        }
    }

    private static final int FIRST_CAPACITY = 64;

    private final List<Layout> layouts;
    private final boolean[] sourceBlocks;
    private final int width;
    private final MemorySegment[] memory;
    private final MemorySegment[] residual;
    private final boolean recording;
    private Arena arena = Arena.ofShared();
    private Arena sourceArena = Arena.ofShared();
    private int capacity;
    private int sourceCapacity;
    private int length;
    private int sourceLength;

    SequenceState(List<Layout> layouts, boolean[] sourceBlocks, int width, boolean recording) {
        this.layouts = layouts;
        this.sourceBlocks = sourceBlocks;
        this.width = width;
        this.memory = new MemorySegment[layouts.size()];
        this.residual = new MemorySegment[recording ? sourceBlocks.length : 0];
        this.recording = recording;
    }

    /** Rows kept. */
    public int length() {
        return length;
    }

    /** Source rows kept. */
    public int sourceLength() {
        return sourceLength;
    }

    /** Whether the residual stream into each block is kept. */
    public boolean recording() {
        return recording;
    }

    /** Forgets the rows from {@code n} on. Nothing is moved: they are overwritten by what comes next. */
    public void truncate(int n) {
        if (n < 0 || n > length) {
            throw new IllegalArgumentException("cannot truncate " + length + " rows to " + n);
        }
        length = n;
    }

    /** Bytes held. */
    public long bytes() {
        long n = 0;
        for (MemorySegment m : memory) {
            n += m == null ? 0 : m.byteSize();
        }
        for (MemorySegment m : residual) {
            n += m == null ? 0 : m.byteSize();
        }
        return n;
    }

    MemorySegment memory(int state) {
        return memory[state];
    }

    /** First element of a head's keys or values. */
    long headAt(int state, int head) {
        Layout l = layouts.get(state);
        return head * headElements(l, l.source ? sourceCapacity : capacity);
    }

    private static long headElements(Layout l, int rows) {
        return l.keys ? AttentionKernels.keyFloats(rows, l.size) : (long) rows * l.size;
    }

    int length(Layout l) {
        return l.source ? sourceLength : length;
    }

    MemorySegment residual(int block) {
        return residual[block];
    }

    void advance(int rows) {
        length += rows;
    }

    void setSourceLength(int rows) {
        sourceLength = rows;
    }

    /** Makes room for so many rows (and source rows), moving what is there. */
    void reserve(int rows, int sourceRows) {
        if (rows > capacity || (capacity == 0 && rows > 0)) {
            grow(false, room(rows, capacity));
        }
        if (sourceRows > sourceCapacity) {
            grow(true, room(sourceRows, sourceCapacity));
        }
    }

    private static int room(int rows, int capacity) {
        return Math.max(FIRST_CAPACITY, Math.max((rows + 15) / 16 * 16, capacity * 2));
    }

    private void grow(boolean source, int rows) {
        Arena fresh = Arena.ofShared();
        try {
            for (int i = 0; i < memory.length; i++) {
                Layout l = layouts.get(i);
                if (l.source == source) {
                    memory[i] = moved(fresh, l, memory[i], rows);
                }
            }
            for (int b = 0; b < residual.length; b++) {
                if (sourceBlocks[b] != source) {
                    continue;
                }
                MemorySegment to = allocate(fresh, (long) rows * width);
                if (residual[b] != null && !source) {
                    MemorySegment.copy(residual[b], 0, to, 0, (long) length * width * 4);
                }
                residual[b] = to;
            }
        } catch (OutOfMemoryError e) {
            throw new ResourceException(
                    "no memory for the cache of " + rows + " positions; use a shorter context (--context)");
        }
        if (source) {
            sourceArena.close();
            sourceArena = fresh;
            sourceCapacity = rows;
        } else {
            arena.close();
            arena = fresh;
            capacity = rows;
        }
    }

    private MemorySegment moved(Arena fresh, Layout l, MemorySegment from, int rows) {
        long perHead = headElements(l, rows);
        MemorySegment to = fresh.allocate(Math.max(1, l.heads * perHead) * l.bytes(), 64);
        if (from != null) {
            long old = headElements(l, l.source ? sourceCapacity : capacity);
            for (int h = 0; h < l.heads; h++) {
                MemorySegment.copy(
                        from, h * old * l.bytes(), to, h * perHead * l.bytes(), Math.min(old, perHead) * l.bytes());
            }
        }
        return to;
    }

    private static MemorySegment allocate(Arena a, long floats) {
        return a.allocate(Math.max(1, floats) * 4, 64);
    }

    /** A copy that goes its own way. */
    public SequenceState fork() {
        SequenceState s = new SequenceState(layouts, sourceBlocks, width, recording);
        s.reserve(capacity, sourceCapacity);
        for (int i = 0; i < memory.length; i++) {
            if (memory[i] != null) {
                MemorySegment from = memory[i];
                MemorySegment to = s.memory[i];
                Layout l = layouts.get(i);
                long old = headElements(l, l.source ? sourceCapacity : capacity);
                long now = headElements(l, l.source ? s.sourceCapacity : s.capacity);
                for (int h = 0; h < l.heads; h++) {
                    MemorySegment.copy(
                            from, h * old * l.bytes(), to, h * now * l.bytes(), Math.min(old, now) * l.bytes());
                }
            }
        }
        for (int b = 0; b < residual.length; b++) {
            if (residual[b] != null) {
                long rows = sourceBlocks[b] ? sourceLength : length;
                MemorySegment.copy(residual[b], 0, s.residual[b], 0, rows * width * 4);
            }
        }
        s.length = length;
        s.sourceLength = sourceLength;
        return s;
    }

    /** Whether a block's rows are the source's. */
    public boolean blockIsSource(int block) {
        return sourceBlocks[block];
    }

    /** Recorded residual stream into a block: rows {@code from} to {@code to}, {@code [row, width]}. */
    public Tensor recorded(int block, int from, int to) {
        Tensor t = Tensor.zeros(to - from, width);
        MemorySegment.copy(residual[block], (long) from * width * 4, t.data(), 0, (long) (to - from) * width * 4);
        return t;
    }

    /** Overwrites what a state node holds, {@code [row, head, size]}, from a row on: an intervention continues from here. */
    public void overwrite(String name, int from, Tensor rows) {
        for (int i = 0; i < memory.length; i++) {
            Layout l = layouts.get(i);
            if (l.name.equals(name)) {
                write(i, l, from, rows);
            }
        }
    }

    private void write(int state, Layout l, int from, Tensor rows) {
        for (int r = 0; r < rows.dim(0); r++) {
            for (int h = 0; h < l.heads; h++) {
                long at = ((long) r * l.heads + h) * l.size;
                if (l.keys) {
                    AttentionKernels.storeKey(
                            rows.data(), at, memory[state], headAt(state, h), from + r, l.size, l.halves);
                } else {
                    long to = headAt(state, h) + (long) (from + r) * l.size;
                    AttentionKernels.storeValue(rows.data(), at, memory[state], to, l.size, l.halves);
                }
            }
        }
    }

    /** Overwrites recorded rows of the stream into a block from a row on: an intervention continues from here. */
    public void overwrite(int block, int from, Tensor rows) {
        if (recording) {
            MemorySegment.copy(rows.data(), 0, residual[block], (long) from * width * 4, rows.size() * 4);
        }
    }

    /** What a state node holds: {@code [key, head, size]}, empty if it has no such state. */
    public Tensor kept(String name) {
        for (int i = 0; i < memory.length; i++) {
            Layout l = layouts.get(i);
            if (l.name.equals(name)) {
                return read(i, l);
            }
        }
        throw new IllegalArgumentException("no state '" + name + "'");
    }

    private Tensor read(int state, Layout l) {
        int n = length(l);
        Tensor out = Tensor.zeros(n, l.heads, l.size);
        for (int h = 0; h < l.heads; h++) {
            long at = headAt(state, h);
            for (int r = 0; r < n; r++) {
                long to = ((long) r * l.heads + h) * l.size;
                if (l.keys) {
                    AttentionKernels.loadKey(memory[state], at, r, l.size, l.halves, out.data(), to);
                } else {
                    AttentionKernels.loadValue(memory[state], at + (long) r * l.size, l.size, l.halves, out.data(), to);
                }
            }
        }
        return out;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
            sourceArena.close();
        }
    }
}
