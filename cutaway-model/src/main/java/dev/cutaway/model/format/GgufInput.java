package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Buffered little-endian reading of a GGUF header; nothing is read beyond the file, and nothing allocated for it. */
final class GgufInput {
    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private long bufferStart;

    GgufInput(Path path, FileChannel channel, long size) {
        this.path = path;
        this.channel = channel;
        this.size = size;
        buffer.limit(0);
    }

    /** Bytes read so far. */
    long position() {
        return bufferStart + buffer.position();
    }

    /** Bytes of the file that are still to come. */
    long remaining() {
        return size - position();
    }

    private void need(int bytes, String what) throws IOException {
        if (buffer.remaining() >= bytes) {
            return;
        }
        if (remaining() < bytes) {
            throw new BadInputException(
                    path + ": ends at byte " + size + " inside " + what + "; the file is truncated, download it again");
        }
        bufferStart = position();
        buffer.compact();
        while (buffer.position() < bytes) {
            if (channel.read(buffer, bufferStart + buffer.position()) < 0) {
                throw new EOFException("the file shrank while its header was read");
            }
        }
        buffer.flip();
    }

    int octet(String what) throws IOException {
        need(1, what);
        return buffer.get() & 0xff;
    }

    short int16(String what) throws IOException {
        need(2, what);
        return buffer.getShort();
    }

    int int32(String what) throws IOException {
        need(4, what);
        return buffer.getInt();
    }

    long int64(String what) throws IOException {
        need(8, what);
        return buffer.getLong();
    }

    /** A count of things that take so many bytes each at least; refused if they cannot all be in the file. */
    long count(int leastBytes, long limit, String what) throws IOException {
        long count = int64(what);
        if (count < 0 || count > remaining() / leastBytes || count > limit) {
            throw tooMany(count, limit, what);
        }
        return count;
    }

    private BadInputException tooMany(long count, long limit, String what) {
        return new BadInputException(path + ": " + what + " is " + Long.toUnsignedString(count)
                + ", which is more than the file's " + size + " bytes or the limit of " + limit
                + " allow; the file is damaged, download it again");
    }

    /** A text: its length, then UTF-8. */
    String text(long limit, String what) throws IOException {
        long given = int64(what);
        if (given < 0 || given > remaining() || given > limit) {
            throw tooMany(given, limit, what + ", its length");
        }
        int length = (int) given;
        if (length == 0) {
            return "";
        }
        if (length <= buffer.capacity()) {
            need(length, what);
            String text = new String(buffer.array(), buffer.position(), length, StandardCharsets.UTF_8);
            buffer.position(buffer.position() + length);
            return text;
        }
        byte[] bytes = new byte[length]; // checked against the file above
        for (int at = 0; at < length; ) {
            need(1, what);
            int n = Math.min(buffer.remaining(), length - at);
            buffer.get(bytes, at, n);
            at += n;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
