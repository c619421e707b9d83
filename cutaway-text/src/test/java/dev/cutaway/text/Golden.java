package dev.cutaway.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;

/** The expected values that verification/tokenizers/make.py wrote with the reference libraries. */
final class Golden {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Golden() {}

    static byte[] bytes(String name) {
        try (InputStream in = Golden.class.getResourceAsStream("/tokenizers/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + name);
            }
            return new GZIPInputStream(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> lines(String name) {
        return new String(bytes(name), StandardCharsets.UTF_8).lines().toList();
    }

    static List<String> strings() {
        List<String> out = new ArrayList<>();
        json(new String(bytes("strings.json.gz"), StandardCharsets.UTF_8)).forEach(s -> out.add(s.textValue()));
        return out;
    }

    static int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).intValue();
        }
        return out;
    }

    /** Gaps and lengths back to starts and ends, one after another. */
    static int[] offsets(JsonNode gaps) {
        int[] out = ints(gaps);
        int last = 0;
        for (int i = 0; i < out.length; i += 2) {
            out[i] += last;
            out[i + 1] += out[i];
            last = out[i + 1];
        }
        return out;
    }

    /** 0 if equal to {@code text}, else the checksum. */
    static long crc(String decoded, String text) {
        if (decoded.equals(text)) {
            return 0;
        }
        CRC32 crc = new CRC32();
        crc.update(decoded.getBytes(StandardCharsets.UTF_8));
        return Math.max(1, crc.getValue());
    }

    /** Moves the ends of a stretch of bytes out to borders of characters, since the reference counts in those. */
    static int[] widened(byte[] utf8, int start, int end) {
        int from = start;
        int to = end;
        while (from > 0 && from < utf8.length && (utf8[from] & 0xC0) == 0x80) {
            from--;
        }
        while (to > from && to < utf8.length && (utf8[to] & 0xC0) == 0x80) {
            to++;
        }
        return new int[] {from, to};
    }
}
