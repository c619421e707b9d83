package dev.cutaway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.tensor.CutawayException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A run's {@code run.jsonl}, read as it grows. Only whole lines are read: a last one that is half-written waits for its end. A
 * file that was cut back, because the run went on from an earlier checkpoint, or replaced by another run's, is read from its beginning
 * again; that it was is seen by its size, its identity, and the bytes before the place where reading stopped. A
 * line that cannot be read is left out and counted. One thread.
 */
final class RunLog {
    private static final int PIECE = 1 << 20;
    private static final int LONGEST = 4 << 20;
    private static final int REMEMBERED = 256;
    private static final int MOST_SAMPLES = 600;
    private static final int MOST_TEXT = 4_000;
    private static final int MOST_VALID = 100_000;
    private static final int MOST_LABELS = 8;

    /** What the model said after a step. */
    record Sample(long step, String prompt, String text) {}

    /**
     * What was measured on held-out data after a step.
     *
     * @param right share of the labels that were the likeliest, 0 to 1, by the input that holds them; empty where nobody counted
     */
    record Valid(long step, double loss, Map<String, Double> right) {}

    private final Path file;
    private final RunRows rows = new RunRows();
    private final RunNorms norms = new RunNorms();
    private final List<Valid> valid = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();
    private ObjectNode begin = Wire.object();
    private ObjectNode end = Wire.object();

    private @Nullable Object identity;
    private long offset;
    private byte[] before = new byte[0];
    private byte[] half = new byte[0];
    private boolean skipping;
    private long lines;
    private long broken;
    private String complaint = "";
    private long omitted;
    private long generation;
    private long changed;

    RunLog(Path file) {
        this.file = file;
    }

    RunRows rows() {
        return rows;
    }

    RunNorms norms() {
        return norms;
    }

    List<Valid> valid() {
        return valid;
    }

    List<Sample> samples() {
        return samples;
    }

    /** How many samples were too many to be kept. */
    long omitted() {
        return omitted;
    }

    /** The last {@code begin} of the file. */
    ObjectNode begin() {
        return begin;
    }

    /** The {@code end} of the file; empty while there is none. */
    ObjectNode end() {
        return end;
    }

    /** What is wrong with the file, in a line; empty if nothing is. */
    String complaint() {
        return complaint;
    }

    /** Changes when anything that was read before does not hold any more. */
    long generation() {
        return generation;
    }

    /** Changes with every line but those of steps. */
    long changed() {
        return changed;
    }

    /** Reads what is new. */
    void poll() {
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            Object now = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            if (!Objects.equals(now, identity) || in.size() < offset || !same(in)) {
                forget();
                identity = now;
            }
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, Math.max(0, in.size() - offset)));
            while (piece.capacity() > 0 && in.read(piece.clear(), offset) > 0) {
                byte[] bytes = Arrays.copyOf(piece.array(), piece.position());
                offset += bytes.length;
                remember(bytes);
                take(bytes);
            }
        } catch (NoSuchFileException e) {
            if (offset > 0) {
                forget();
            }
        } catch (IOException e) {
            complain(file.getFileName() + ": cannot be read (" + e.getMessage() + ")");
        }
    }

    /** Whether the bytes before the place where reading stopped are still those that were read. */
    private boolean same(FileChannel in) throws IOException {
        ByteBuffer there = ByteBuffer.allocate(before.length);
        long from = offset - before.length;
        while (there.hasRemaining() && in.read(there, from + there.position()) > 0) {}
        return Arrays.equals(there.array(), before);
    }

    private void remember(byte[] bytes) {
        byte[] both = Arrays.copyOf(before, before.length + bytes.length);
        System.arraycopy(bytes, 0, both, before.length, bytes.length);
        before = Arrays.copyOfRange(both, Math.max(0, both.length - REMEMBERED), both.length);
    }

    private void forget() {
        rows.clear();
        norms.clear();
        valid.clear();
        samples.clear();
        begin = Wire.object();
        end = Wire.object();
        identity = null;
        offset = 0;
        before = new byte[0];
        half = new byte[0];
        skipping = false;
        lines = 0;
        broken = 0;
        complaint = "";
        omitted = 0;
        generation++;
        changed++;
    }

    private void take(byte[] bytes) {
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                line(joined(bytes, start, i));
                half = new byte[0];
                skipping = false;
                start = i + 1;
            }
        }
        half = joined(bytes, start, bytes.length);
        if (half.length > LONGEST) {
            skipping = true;
            half = new byte[0];
        }
    }

    private byte[] joined(byte[] bytes, int from, int to) {
        byte[] whole = Arrays.copyOf(half, half.length + to - from);
        System.arraycopy(bytes, from, whole, half.length, to - from);
        return whole;
    }

    private void line(byte[] bytes) {
        lines++;
        try {
            JsonNode line = skipping ? Wire.object() : Wire.parse(new String(bytes, StandardCharsets.UTF_8));
            if (line.path("step").canConvertToLong() && line.path("step").asLong() >= 0 && line.has("event")) {
                event(line, line.path("step").asLong());
                return;
            }
        } catch (CutawayException e) {
            // said below
        }
        broken++;
        complain(file.getFileName() + ": line " + lines + " is no event of a run and is left out"
                + (broken > 1 ? ", as are " + (broken - 1) + " before it" : ""));
    }

    private void complain(String what) {
        if (!complaint.equals(what)) {
            complaint = what;
            changed++;
        }
    }

    private void event(JsonNode e, long step) {
        switch (e.path("event").asText()) {
            case "begin" -> {
                cut(step);
                begin = (ObjectNode) e;
                end = Wire.object();
                changed++;
            }
            case "step" -> step(e, step);
            case "valid" -> {
                if (valid.size() < MOST_VALID) {
                    valid.add(new Valid(step, e.path("loss").asDouble(Double.NaN), right(e.path("accuracy"))));
                }
                changed++;
            }
            case "sample" -> sample(new Sample(step, text(e, "prompt"), text(e, "text")));
            case "end" -> {
                end = (ObjectNode) e;
                changed++;
            }
            default -> changed++;
        }
    }

    private static Map<String, Double> right(JsonNode accuracy) {
        Map<String, Double> right = new TreeMap<>();
        accuracy.properties().stream()
                .filter(e -> e.getValue().isNumber())
                .limit(MOST_LABELS)
                .forEach(e -> right.put(e.getKey(), e.getValue().asDouble()));
        return right;
    }

    private void step(JsonNode e, long step) {
        if (rows.count() > 0 && step <= rows.step(rows.count() - 1)) {
            cut(step - 1); // done a second time: what was there is of a run that did not go on
        }
        rows.add(
                (double) step,
                e.path("loss").asDouble(Double.NaN),
                e.path("grad_norm").asDouble(Double.NaN),
                e.path("lr").asDouble(Double.NaN),
                e.path("tokens_per_s").asDouble(Double.NaN),
                e.path("time").asDouble(Double.NaN));
        if (e.path("norms").isObject()) {
            norms.add(step, e.path("norms"));
        }
    }

    private void cut(long last) {
        rows.cut(last);
        norms.cut(last);
        valid.removeIf(v -> v.step() > last);
        samples.removeIf(s -> s.step() > last);
        generation++;
        changed++;
    }

    private void sample(Sample s) {
        samples.add(s);
        if (samples.size() > MOST_SAMPLES) {
            samples.removeFirst();
            omitted++;
        }
        changed++;
    }

    private static String text(JsonNode e, String key) {
        String text = e.path(key).asText();
        return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + " …";
    }
}
