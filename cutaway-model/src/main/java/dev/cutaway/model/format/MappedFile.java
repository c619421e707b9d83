package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** A regular file mapped into memory for reading, until it is closed. */
final class MappedFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final MemorySegment memory;

    private MappedFile(Path path, Arena arena, MemorySegment memory) {
        this.path = path;
        this.arena = arena;
        this.memory = memory;
    }

    /** Reads a header from the start of the file. The channel is read, not mapped, so a shrinking file is an error only. */
    @FunctionalInterface
    interface HeaderReader<H> {
        H read(FileChannel channel, long size) throws IOException;
    }

    /** What {@link #open} gives: the mapping and the checked header. */
    record Opened<H>(MappedFile file, H header) {}

    /**
     * Checks that the path is a regular file (devices and pipes would block or never end), reads its header, and maps it.
     *
     * @throws BadInputException if it is not, or cannot be read
     */
    static <H> Opened<H> open(Path path, HeaderReader<H> reader) {
        requireRegular(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            H header = reader.read(channel, size);
            Arena arena = Arena.ofShared();
            try {
                MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
                return new Opened<>(new MappedFile(path, arena, memory), header);
            } catch (IOException | RuntimeException e) {
                arena.close();
                throw e;
            }
        } catch (IOException e) {
            throw new BadInputException(path + ": cannot be read (" + reason(e) + ")", e);
        }
    }

    static void requireRegular(Path path) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                String kind = attributes.isDirectory() ? "a directory" : "a device or pipe";
                throw new BadInputException(path + ": is " + kind + ", not a file; give the path of a model file");
            }
        } catch (NoSuchFileException e) {
            throw new BadInputException(path + ": no such file; check the path", e);
        } catch (IOException e) {
            throw new BadInputException(path + ": cannot be read (" + reason(e) + ")", e);
        }
    }

    static String reason(Exception e) {
        String message = e.getMessage();
        return message == null
                ? e.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }

    Path path() {
        return path;
    }

    long size() {
        return memory.byteSize();
    }

    /**
     * A piece of the file.
     *
     * @throws BadInputException if the file has been cut short since it was mapped: touching what is gone would fault
     */
    MemorySegment slice(long offset, long bytes) {
        try {
            long now = Files.size(path);
            if (now < offset + bytes) {
                throw new BadInputException(path + ": shrank from " + size() + " to " + now
                        + " bytes while it was open; download it again");
            }
        } catch (IOException e) {
            throw new BadInputException(
                    path + ": is gone (" + reason(e) + "); it must stay while the model is open", e);
        }
        return memory.asSlice(offset, bytes);
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
