package dev.cutaway.model.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A file of text in UTF-8 that appears whole or not at all. */
public final class TextFile {
    private TextFile() {}

    /**
     * Writes it.
     *
     * @throws dev.cutaway.tensor.ResourceException if the disk has no room for it
     */
    public static void write(Path path, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(path, bytes.length, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes)));
    }
}
