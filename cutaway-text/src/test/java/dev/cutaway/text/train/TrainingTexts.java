package dev.cutaway.text.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** The texts of make_trained.py. */
final class TrainingTexts {
    private static final int HELD_OUT = 100;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TrainingTexts() {}

    static JsonNode json(String name) {
        return parse(bytes(name));
    }

    static JsonNode parse(byte[] json) {
        try {
            return MAPPER.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(String name) {
        try (InputStream in = TrainingTexts.class.getResourceAsStream("/tokenizers/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + name);
            }
            return new GZIPInputStream(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lines of the tales, each with its end. */
    static List<String> lines() {
        String text = new String(bytes("tales-sentences-valid.txt.gz"), StandardCharsets.UTF_8);
        List<String> out = new ArrayList<>();
        for (int from = 0; from < text.length(); ) {
            int end = text.indexOf('\n', from) + 1;
            out.add(text.substring(from, end == 0 ? text.length() : end));
            from = end == 0 ? text.length() : end;
        }
        return out;
    }

    private static List<String> strings() {
        List<String> out = new ArrayList<>();
        json("strings.json.gz").forEach(s -> out.add(s.textValue()));
        return out;
    }

    static List<String> texts() {
        List<String> lines = lines();
        List<String> out = new ArrayList<>(lines.subList(0, lines.size() - HELD_OUT));
        strings().stream()
                .limit(1000)
                .filter(s -> s.codePoints().allMatch(c -> c < 0x500 || (c >= 0x1F600 && c < 0x1F650)))
                .forEach(out::add);
        return out;
    }

    static List<String> heldOut() {
        List<String> lines = lines();
        List<String> out = new ArrayList<>(lines.subList(lines.size() - HELD_OUT, lines.size()));
        strings().stream()
                .skip(1000)
                .filter(s -> s.codePointCount(0, s.length()) < 500)
                .forEach(out::add);
        return out;
    }
}
