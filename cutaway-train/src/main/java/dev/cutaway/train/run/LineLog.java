package dev.cutaway.train.run;

import dev.cutaway.tensor.BadInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * A file of JSON lines, each with the {@code step} that it belongs to. Lines are there whole or not at all, and each once: what an
 * interrupted run wrote after its last checkpoint is cut off when it goes on.
 */
final class LineLog implements AutoCloseable {
    private static final int LONGEST = 1 << 20;

    private final Path file;
    private final FileChannel channel;

    private LineLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a log.
     *
     * @param done steps whose lines stay; 0 for a new log
     * @throws BadInputException if there is a file that is no log
     */
    static LineLog open(Path file, long done) {
        try {
            Path directory = file.toAbsolutePath().getParent();
            if (directory != null) {
                Files.createDirectories(directory);
            }
            check(file);
            long keep = Files.exists(file) ? keep(file, done) : 0;
            FileChannel c = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            c.truncate(keep);
            c.position(keep);
            return new LineLog(file, c);
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    /** Says no to a file that is no log, and changes nothing. */
    static void check(Path file) {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new BadInputException(file + ": is no file; give the log another name");
            }
            if (Files.exists(file)) {
                keep(file, Long.MAX_VALUE);
            }
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    /** Bytes of the lines up to a step; whatever follows the first line of a later step, or a broken line, is not kept. */
    private static long keep(Path file, long done) throws IOException {
        long bytes = 0;
        try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c >= 0; c = in.read()) {
                if (c != '\n') {
                    line.append((char) c);
                    if (line.length() > LONGEST) {
                        throw noLog(file);
                    }
                    continue;
                }
                String text = new String(line.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
                Map<String, Object> object = JsonText.parse(text).orElse(Map.of());
                if (!(object.get("step") instanceof Number step)) {
                    if (bytes == 0) {
                        throw noLog(file);
                    }
                    return bytes;
                }
                if (step.longValue() > done) {
                    return bytes;
                }
                bytes += line.length() + 1;
                line.setLength(0);
            }
            if (bytes == 0 && !line.isEmpty() && line.charAt(0) != '{') {
                throw noLog(file);
            }
        }
        return bytes;
    }

    private static BadInputException noLog(Path file) {
        return new BadInputException(file
                + ": is there already and is no log of a run, so it is not overwritten; give the log another name");
    }

    /** Appends a line. If there is no room for it, nothing of it stays. */
    void add(Map<String, ?> object) {
        ByteBuffer b = ByteBuffer.wrap((JsonText.line(object) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            long start = channel.position();
            try {
                while (b.hasRemaining()) {
                    channel.write(b);
                }
            } catch (IOException e) {
                channel.truncate(start);
                throw e;
            }
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    /** What was added is on the disk when this returns. */
    void force() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw Disk.failure(file, e);
        }
    }
}
