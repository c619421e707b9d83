package dev.cutaway.cli;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Lines of UTF-8, ended by {@code \n} and by nothing else. Bytes that are no UTF-8 are an error that names line and byte, never
 * silently something else.
 */
final class Lines {
    private static final int MAX = 1 << 28;

    private final InputStream in;
    private final String name;
    private final Runnable beforeWaiting;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private byte[] line = new byte[256];
    private int number;

    Lines(InputStream in, String name) {
        this(in, name, () -> {});
    }

    private Lines(InputStream in, String name, Runnable beforeWaiting) {
        this.in = in;
        this.name = name;
        this.beforeWaiting = beforeWaiting;
    }

    static Lines standardInput() {
        return new Lines(System.in, "standard input");
    }

    /** Standard input for who answers several lines at once: runs something whenever the next byte is not there yet. */
    static Lines standardInput(Runnable beforeWaiting) {
        return new Lines(System.in, "standard input", beforeWaiting);
    }

    /** Number of the line that was read last, from 1. */
    int number() {
        return number;
    }

    /** Where the line stands, as messages begin. */
    String where() {
        return name + ", line " + number;
    }

    /** The next line without its end; empty after the last. A last line without an end counts, unless it is empty. */
    Optional<String> next() {
        try {
            int length = 0;
            int b = read();
            if (b < 0) {
                return Optional.empty();
            }
            number++;
            for (; b >= 0 && b != '\n'; b = read()) {
                if (length == line.length) {
                    grow();
                }
                line[length++] = (byte) b;
            }
            return Optional.of(decode(line, length, where()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int read() throws IOException {
        if (at == end) {
            if (in.available() == 0) {
                beforeWaiting.run();
            }
            at = 0;
            end = Math.max(0, in.read(buffer));
        }
        return at == end ? -1 : buffer[at++] & 0xff;
    }

    private void grow() {
        if (line.length >= MAX) {
            throw new ResourceException(where() + ": longer than " + MAX + " bytes; divide it");
        }
        line = Arrays.copyOf(line, line.length * 2);
    }

    /** The text of all bytes of a file. */
    static String decode(byte[] bytes, String name) {
        int at = invalid(bytes, bytes.length);
        if (at >= 0) {
            int row = 1;
            int start = 0;
            for (int i = 0; i < at; i++) {
                if (bytes[i] == '\n') {
                    row++;
                    start = i + 1;
                }
            }
            throw bad(name + ", line " + row, at - start, bytes[at]);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static String decode(byte[] bytes, int length, String where) {
        int at = invalid(bytes, length);
        if (at >= 0) {
            throw bad(where, at, bytes[at]);
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static BadInputException bad(String where, int at, byte value) {
        return new BadInputException(where + ", byte " + (at + 1) + ": 0x" + Integer.toHexString(value & 0xff)
                + " is not UTF-8; convert the text to UTF-8");
    }

    /** Where the first byte stands that is no UTF-8, -1 if there is none. */
    private static int invalid(byte[] bytes, int length) {
        int i = 0;
        while (i < length && bytes[i] >= 0) {
            i++;
        }
        if (i == length) {
            return -1;
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
        java.nio.CharBuffer out = java.nio.CharBuffer.allocate(4096);
        try {
            CoderResult result = decoder.decode(in, out, true);
            while (result.isOverflow()) {
                out.clear();
                result = decoder.decode(in, out, true);
            }
            if (result.isError()) {
                return in.position();
            }
            result.throwException();
        } catch (java.nio.BufferUnderflowException | CharacterCodingException e) {
            return -1; // all was read
        }
        return -1;
    }
}
