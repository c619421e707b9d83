package dev.cutaway.model.hub;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One repository's folder in the cache, laid out as Hugging Face's Python library lays it out, so that both find what the
 * other has downloaded: {@code blobs/ETAG} holds contents, {@code snapshots/COMMIT/FILE} links to them,
 * {@code refs/main} holds the commit that the branch was at, and an empty {@code .no_exist/COMMIT/FILE} says that the repository has
 * no such file.
 */
final class HubCache {
    private final Path cache;
    private final Path folder;
    private final HubReference model;

    HubCache(Path cache, HubReference model) {
        this.cache = cache;
        this.folder = cache.resolve("models--" + model.owner() + "--" + model.name());
        this.model = model;
    }

    /** The snapshot that the reference's revision was at last, where there is one. */
    Optional<Path> snapshot() {
        return commit().map(this::snapshot).filter(Files::isDirectory);
    }

    private Optional<String> commit() {
        Path ref = folder.resolve("refs").resolve(model.revision());
        try {
            if (Files.isRegularFile(ref) && Files.size(ref) < 200) {
                return Optional.of(Blob.checkCommit(Files.readString(ref).strip()));
            }
            boolean whole = Files.isDirectory(folder.resolve("snapshots").resolve(model.revision()));
            return whole ? Optional.of(model.revision()) : Optional.empty();
        } catch (IOException e) {
            throw new BadInputException(ref + ": cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    Path blob(Blob blob) {
        return folder.resolve("blobs").resolve(blob.etag());
    }

    Path incomplete(Blob blob) {
        return folder.resolve("blobs").resolve(blob.etag() + ".incomplete");
    }

    /** Bytes that are there of what is not whole yet; empty if all of it is there. */
    OptionalLong present(Blob blob) throws IOException {
        Path whole = blob(blob);
        if (Files.exists(whole) && Files.size(whole) == blob.size()) {
            return OptionalLong.empty();
        }
        Path incomplete = incomplete(blob);
        long bytes = Files.isRegularFile(incomplete) ? Files.size(incomplete) : 0;
        return OptionalLong.of(bytes > blob.size() ? 0 : bytes);
    }

    void prepare() {
        try {
            Files.createDirectories(folder.resolve("blobs"));
            Files.createDirectories(folder.resolve("refs"));
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Refuses a download for which the disk has no room. */
    void requireSpace(String file, long bytes) {
        try {
            long free = Files.getFileStore(folder.resolve("blobs")).getUsableSpace();
            if (free < bytes) {
                throw new ResourceException(model + ": " + file + " takes " + (bytes >> 20) + " MiB more, " + folder
                        + " has room for " + (free >> 20) + "; free some, or set HF_HUB_CACHE to another disk");
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Keeps other programs of ours from downloading the same contents; closing ends it. */
    AutoCloseable lock(Blob blob) {
        Path locks = cache.resolve(".locks").resolve(folder.getFileName());
        try {
            Files.createDirectories(locks);
            FileChannel channel = FileChannel.open(
                    locks.resolve(blob.etag() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.lock();
            return () -> {
                lock.release();
                channel.close();
            };
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Makes finished contents visible under the file's name. */
    Path link(String file, Blob blob) {
        Path link = snapshot(blob.commit()).resolve(file);
        Path parent = link.resolveSibling("");
        Path target = parent.relativize(blob(blob));
        try {
            Files.createDirectories(parent);
            if (Files.exists(link)) {
                return link;
            }
            Files.deleteIfExists(link);
            try {
                Files.createSymbolicLink(link, target);
            } catch (FileAlreadyExistsException e) {
                return link;
            } catch (IOException | UnsupportedOperationException e) {
                // Windows without the right to make links: the snapshot then holds the file itself, as in Python.
                Files.copy(blob(blob), link, StandardCopyOption.REPLACE_EXISTING);
            }
            return link;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private Path absence(String commit, String file) {
        return folder.resolve(".no_exist").resolve(commit).resolve(file);
    }

    /** Whether the repository is known not to have a file at the commit of this snapshot. */
    boolean absent(Path snapshot, String file) {
        return Files.exists(absence(String.valueOf(snapshot.getFileName()), file));
    }

    /** Notes which files the repository does not have. */
    void noteAbsent(String commit, List<String> files) {
        for (String file : files) {
            Path mark = absence(commit, file);
            try {
                Files.createDirectories(mark.resolveSibling(""));
                Files.write(mark, new byte[0]);
            } catch (IOException e) {
                throw unwritable(e);
            }
        }
    }

    /** Notes the commit that the revision is at. */
    void note(String commit) {
        if (model.revision().equals(commit)) {
            return;
        }
        Path ref = folder.resolve("refs").resolve(model.revision());
        try {
            Path temporary = Files.createTempFile(ref.getParent(), "ref", ".tmp");
            Files.writeString(temporary, commit);
            Files.move(temporary, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    BadInputException unwritable(IOException e) {
        return new BadInputException(
                folder + ": cannot be written (" + e.getMessage() + "); check its permissions or set HF_HUB_CACHE", e);
    }
}
