package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Buffered little-endian reading of a GGUF header; nothing is read beyond the file, and nothing allocated for it. A header may
 * hold half a million texts and is read by a JVM that has just started: bytes are taken from an array, numbers in bulk.
 */
final class GgufInput {
    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final byte[] bytes = new byte[1 << 16];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    private long bufferStart;
    private int at; // the next byte of the buffer
    private int end; // after its last

    GgufInput(Path path, FileChannel channel, long size) {
        this.path = path;
        this.channel = channel;
        this.size = size;
    }

    /** Bytes read so far. */
    long position() {
        return bufferStart + at;
    }

    /** Bytes of the file that are still to come. */
    long remaining() {
        return size - position();
    }

    private void need(int count, String what) throws IOException {
        if (end - at < count) {
            fill(count, what);
        }
    }

    private void fill(int count, String what) throws IOException {
        if (remaining() < count) {
            throw new BadInputException(
                    path + ": ends at byte " + size + " inside " + what + "; the file is truncated, download it again");
        }
        bufferStart = position();
        System.arraycopy(bytes, at, bytes, 0, end - at);
        end -= at;
        at = 0;
        while (end < count) {
            buffer.clear().position(end);
            int n = channel.read(buffer, bufferStart + end);
            if (n < 0) {
                throw new EOFException("the file shrank while its header was read");
            }
            end += n;
        }
    }

    int octet(String what) throws IOException {
        need(1, what);
        return bytes[at++] & 0xff;
    }

    short int16(String what) throws IOException {
        need(2, what);
        at += 2;
        return (short) (bytes[at - 2] & 0xff | bytes[at - 1] << 8);
    }

    int int32(String what) throws IOException {
        need(4, what);
        at += 4;
        return bytes[at - 4] & 0xff | (bytes[at - 3] & 0xff) << 8 | (bytes[at - 2] & 0xff) << 16 | bytes[at - 1] << 24;
    }

    long int64(String what) throws IOException {
        need(8, what);
        long low = int32(what) & 0xffff_ffffL;
        return (long) int32(what) << 32 | low;
    }

    /** Numbers of 32 bits. */
    int[] ints(int count, String what) throws IOException {
        int[] values = new int[count];
        for (int i = 0; i < count; ) {
            int n = numbers(count - i, 4, what);
            buffer.limit(at + 4 * n).position(at).asIntBuffer().get(values, i, n);
            at += 4 * n;
            i += n;
        }
        return values;
    }

    /** Single-precision numbers. */
    float[] floats(int count, String what) throws IOException {
        float[] values = new float[count];
        for (int i = 0; i < count; ) {
            int n = numbers(count - i, 4, what);
            buffer.limit(at + 4 * n).position(at).asFloatBuffer().get(values, i, n);
            at += 4 * n;
            i += n;
        }
        return values;
    }

    /** How many of {@code wanted} numbers the buffer has; at least one. */
    private int numbers(int wanted, int width, String what) throws IOException {
        need(width, what);
        return Math.min(wanted, (end - at) / width);
    }

    /** A count of things that take so many bytes each at least; refused if they cannot all be in the file. */
    long count(int leastBytes, long limit, String what) throws IOException {
        return checked(int64(what), leastBytes, limit, what);
    }

    private long checked(long count, int leastBytes, long limit, String what) {
        if (count < 0 || count > remaining() / leastBytes || count > limit) {
            throw new BadInputException(path + ": " + what + " is " + Long.toUnsignedString(count)
                    + ", which is more than the file's " + size + " bytes or the limit of " + limit
                    + " allow; the file is damaged, download it again");
        }
        return count;
    }

    /** The length of a text, which is all in the buffer afterwards if it fits there. */
    private int length(long limit, String what) throws IOException {
        need(8, what);
        long length = int64(what);
        if (length < 0 || length > limit || length > end - at) { // not what nearly all are
            checked(length, 1, limit, what + ", its length");
            if (length <= bytes.length) {
                need((int) length, what);
            }
        }
        return (int) length;
    }

    /** A text: its length, then UTF-8. */
    String text(long limit, String what) throws IOException {
        int length = length(limit, what);
        if (length <= bytes.length) {
            at += length;
            return new String(bytes, at - length, length, StandardCharsets.UTF_8);
        }
        return new String(large(length, what), StandardCharsets.UTF_8);
    }

    /** Texts, one after another. */
    PackedTexts texts(int count, long limit, String what) throws IOException {
        PackedTexts.Builder texts =
                new PackedTexts.Builder(count, (int) Math.min(Math.min(remaining(), 8L * count), 1 << 28));
        for (int i = 0; i < count; i++) {
            text(texts, limit, what);
        }
        return texts.build();
    }

    private void text(PackedTexts.Builder texts, long limit, String what) throws IOException {
        byte[] b = bytes;
        int p = at + 8;
        if (p <= end && (b[p - 4] | b[p - 3] | b[p - 2] | b[p - 1] | b[p - 5] & 0x80) == 0) { // nearly always
            int length = b[p - 8] & 0xff | (b[p - 7] & 0xff) << 8 | (b[p - 6] & 0xff) << 16 | b[p - 5] << 24;
            if (length <= end - p && length <= limit) {
                texts.add(b, p, length);
                at = p + length;
                return;
            }
        }
        int length = length(limit, what);
        if (length <= bytes.length) {
            texts.add(bytes, at, length);
            at += length;
        } else {
            texts.add(large(length, what), 0, length);
        }
    }

    private byte[] large(int length, String what) throws IOException {
        byte[] all = new byte[length]; // checked against the file
        for (int i = 0; i < length; ) {
            need(1, what);
            int n = Math.min(end - at, length - i);
            System.arraycopy(bytes, at, all, i, n);
            at += n;
            i += n;
        }
        return all;
    }
}
