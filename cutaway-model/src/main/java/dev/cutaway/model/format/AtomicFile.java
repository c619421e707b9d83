package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that appears whole or not at all: written beside its place under another name, forced to the disk, then renamed.
 * Whatever stood there before stays until that moment; a failure leaves nothing behind.
 */
final class AtomicFile {
    private AtomicFile() {}

    /** Writes the content to the channel. */
    @FunctionalInterface
    interface Content {
        void write(FileChannel channel) throws IOException;
    }

    /**
     * Writes a file of so many bytes.
     *
     * @throws ResourceException if the disk has no room for it
     * @throws BadInputException if the place cannot be written to
     */
    static void write(Path path, long bytes, Content content) {
        Path target = path.toAbsolutePath();
        Path directory = target.getParent();
        if (directory == null || Files.isDirectory(target)) {
            throw new BadInputException(path + ": is a directory; give the name of a file");
        }
        try {
            Files.createDirectories(directory);
            requireSpace(path, directory, bytes);
            Path temporary = sibling(target);
            try {
                try (FileChannel channel =
                        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    content.write(channel);
                    channel.force(true);
                }
                move(temporary, target);
            } finally {
                Files.deleteIfExists(temporary);
            }
            forceDirectory(directory);
        } catch (IOException e) {
            throw failure(path, e);
        }
    }

    /** A name beside the target that nobody else uses; made with the user's usual permissions, which temporary files lack. */
    static Path sibling(Path target) {
        String unique = Long.toHexString(ProcessHandle.current().pid()) + Long.toHexString(System.nanoTime());
        return target.toAbsolutePath().resolveSibling("." + target.getFileName() + "." + unique + ".part");
    }

    private static void requireSpace(Path path, Path directory, long bytes) throws IOException {
        long free = Files.getFileStore(directory).getUsableSpace();
        if (free < bytes) {
            throw new ResourceException(path + ": needs " + bytes + " bytes but the disk has " + free
                    + " left; free some, or choose another place");
        }
    }

    private static void move(Path temporary, Path target) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException _) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Makes the rename itself last; where directories cannot be forced (Windows) the file system sees to it. */
    private static void forceDirectory(Path directory) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // not every system opens directories; the file's content is safe already
        }
    }

    static CutawayException failure(Path path, IOException e) {
        String reason = MappedFile.reason(e);
        return reason.contains("No space left") || reason.contains("not enough space")
                ? new ResourceException(path + ": the disk is full; free some space, or choose another place", e)
                : new BadInputException(path + ": cannot be written (" + reason + ")", e);
    }

    /** Writes all of a buffer. */
    static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
