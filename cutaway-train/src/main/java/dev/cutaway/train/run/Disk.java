package dev.cutaway.train.run;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Files that are there for good once a method returns, and what it means when they cannot be written. */
final class Disk {
    private Disk() {}

    /** Writes a file and forces it to the disk; not atomic, so only inside a directory that nobody knows yet. */
    static void write(Path file, byte[] content) throws IOException {
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer b = ByteBuffer.wrap(content);
            while (b.hasRemaining()) {
                out.write(b);
            }
            out.force(true);
        }
    }

    /** Replaces a file, or leaves the old one as it was. */
    static void replace(Path file, byte[] content) throws IOException {
        Path part = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            write(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
        force(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    }

    /** Makes what was renamed into a directory last; where directories cannot be opened (Windows) the system sees to it. */
    static void force(Path directory) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // The files' own content is safe already.
        }
    }

    /** Removes a file or a directory with all that is in it; follows no links. */
    static void remove(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> inside = Files.list(path)) {
                for (Path p : inside.toList()) {
                    remove(p);
                }
            }
        }
        Files.deleteIfExists(path);
    }

    static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            return all.sorted().toList();
        }
    }

    /** What a failure to write means to the user. */
    static CutawayException failure(Path path, IOException e) {
        String m = String.valueOf(e.getMessage());
        if (m.contains("No space left") || m.contains("not enough space") || m.contains("quota exceeded")) {
            return new ResourceException(
                    path + ": the disk is full; free some space and go on with --resume, or choose another place", e);
        }
        String reason = switch (e) {
            case AccessDeniedException a -> "permission denied";
            case NoSuchFileException n -> "no such file";
            case FileSystemException f -> String.valueOf(f.getReason());
            default -> m;
        };
        return new BadInputException(path + ": cannot be written (" + reason + ")", e);
    }
}
