package dev.cutaway.train.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The lines of a UTF-8 file; those that are none are complained of and passed over. */
final class Lines implements AutoCloseable {
    private static final int LONGEST = 64 << 20;

    private final Path file;
    private final Complaints complaints;
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long number;
    private boolean ended = true;

    Lines(Path file, Complaints complaints) {
        this.file = file;
        this.complaints = complaints;
        this.in = DataFiles.open(file);
    }

    /** The next line without its end, null after the last. */
    @Nullable
    String next() {
        while (fill()) {
            String line = read();
            if (line != null) {
                return number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
            }
        }
        return null;
    }

    /** The number of the line that {@link #next} gave, from 1. */
    long number() {
        return number;
    }

    /** Whether that line ended with a line feed. */
    boolean ended() {
        return ended;
    }

    private boolean fill() {
        if (at < end) {
            return true;
        }
        try {
            end = in.read(buffer);
        } catch (IOException e) {
            throw DataFiles.unreadable(file, new IOException("after line " + number + ": " + e.getMessage(), e));
        }
        at = 0;
        return end > 0;
    }

    private @Nullable String read() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        number++;
        ended = false;
        boolean tooLong = false;
        while (!ended && fill()) {
            int from = at;
            while (at < end && buffer[at] != '\n') {
                at++;
            }
            tooLong |= bytes.size() + at - from > LONGEST;
            if (!tooLong) {
                bytes.write(buffer, from, at - from);
            }
            if (at < end) {
                ended = true;
                at++;
            }
        }
        if (tooLong) {
            complaints.add(file, number, "is longer than " + (LONGEST >> 20) + " MB; left out");
            return null;
        }
        return decode(bytes.toByteArray());
    }

    private @Nullable String decode(byte[] bytes) {
        int n = bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
        for (int i = 0; i < n; i++) {
            if (bytes[i] == 0) {
                complaints.add(file, number, "holds a zero byte, so it is no text; left out");
                return null;
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, n))
                    .toString();
        } catch (CharacterCodingException e) {
            complaints.add(file, number, "is not UTF-8; left out");
            return null;
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw DataFiles.unreadable(file, e);
        }
    }
}
