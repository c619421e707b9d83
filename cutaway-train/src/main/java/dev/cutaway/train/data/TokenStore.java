package dev.cutaway.train.data;

import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sequences of whole numbers, one after the other: in memory while they are few, else in a temporary file that is mapped. */
final class TokenStore implements AutoCloseable {
    private static final int IN_MEMORY = 1 << 22;

    private final MemorySegment all;
    private final @Nullable Arena arena;
    private final long[] starts; // of each sequence, and where the last ends

    private TokenStore(MemorySegment all, @Nullable Arena arena, long[] starts) {
        this.all = all;
        this.arena = arena;
        this.starts = starts;
    }

    /** Numbers in all. */
    long size() {
        return starts[starts.length - 1];
    }

    /** Sequences. */
    int sequences() {
        return starts.length - 1;
    }

    long start(int sequence) {
        return starts[sequence];
    }

    int length(int sequence) {
        return (int) (starts[sequence + 1] - starts[sequence]);
    }

    int[] sequence(int i) {
        return copy(starts[i], length(i));
    }

    /** A piece, wherever sequences begin in it. */
    int[] copy(long from, int n) {
        int[] out = new int[n];
        MemorySegment.copy(all, ValueLayout.JAVA_INT, from * 4, out, 0, n);
        return out;
    }

    @Override
    public void close() {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
        }
    }

    /** Takes sequences in their order. */
    static final class Builder implements AutoCloseable {
        private int[] buffer = new int[1 << 12];
        private int filled;
        private long written;
        private long[] starts = new long[64];
        private int sequences;
        private @Nullable FileChannel file;

        void add(int... sequence) {
            int from = 0;
            while (from < sequence.length) {
                if (filled == IN_MEMORY) {
                    spill();
                }
                int n = Math.min(sequence.length - from, IN_MEMORY - filled);
                if (filled + n > buffer.length) {
                    buffer = Arrays.copyOf(buffer, Math.min(IN_MEMORY, Math.max(filled + n, 2 * buffer.length)));
                }
                System.arraycopy(sequence, from, buffer, filled, n);
                filled += n;
                from += n;
            }
            sequences++;
            if (sequences == starts.length) {
                starts = Arrays.copyOf(starts, 2 * starts.length);
            }
            starts[sequences] = written + filled;
        }

        int sequences() {
            return sequences;
        }

        long size() {
            return written + filled;
        }

        private void spill() {
            try {
                FileChannel to = file == null ? temporary() : file;
                file = to;
                MemorySegment bytes = MemorySegment.ofArray(buffer).asSlice(0, filled * 4L);
                try (Arena scratch = Arena.ofConfined()) {
                    MemorySegment plain = scratch.allocate(bytes.byteSize());
                    plain.copyFrom(bytes);
                    var out = plain.asByteBuffer();
                    while (out.hasRemaining()) {
                        to.write(out);
                    }
                }
                written += filled;
                filled = 0;
            } catch (IOException e) {
                throw noRoom(e);
            }
        }

        private static FileChannel temporary() throws IOException {
            Path file = Files.createTempFile("cutaway-tokens", ".bin");
            return FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        }

        private static ResourceException noRoom(IOException e) {
            return new ResourceException(
                    "no room for tokens in the folder of temporary files " + System.getProperty("java.io.tmpdir") + " ("
                            + e.getMessage() + "); free some, or name another with -Djava.io.tmpdir",
                    e);
        }

        TokenStore build() {
            long[] bounds = Arrays.copyOf(starts, sequences + 1);
            if (file == null) {
                return new TokenStore(MemorySegment.ofArray(Arrays.copyOf(buffer, filled)), null, bounds);
            }
            spill();
            Arena arena = Arena.ofShared();
            try {
                return new TokenStore(file.map(FileChannel.MapMode.READ_ONLY, 0, written * 4, arena), arena, bounds);
            } catch (IOException e) {
                arena.close();
                throw noRoom(e);
            }
        }

        /** Ends the file's name; what was mapped stays. */
        @Override
        public void close() {
            try {
                if (file != null) {
                    file.close();
                }
            } catch (IOException e) {
                throw noRoom(e);
            }
        }
    }
}
