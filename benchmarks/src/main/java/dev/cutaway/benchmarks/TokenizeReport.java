package dev.cutaway.benchmarks;

import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.text.Tokenizers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Cutaway's side of {@code benchmarks/tokenize}: loads a tokenizer (a GGUF file or what {@link Tokenizers#load} takes) and a
 * text, and answers commands on standard input, one a line, so that it can be measured in turns with another program.
 *
 * <p>{@code ids FILE} writes the text's ids as 32-bit little-endian numbers; {@code whole}, {@code lines} and {@code fresh} answer
 * with the seconds that all of the text took: as one text, line by line, and as one text for a tokenizer that remembers
 * nothing.
 */
public final class TokenizeReport {
    private final Path model;
    private final Tokenizer tokenizer;
    private final String text;
    private final List<String> lines = new ArrayList<>();

    private TokenizeReport(Path model, Path text) throws IOException {
        this.model = model;
        this.tokenizer = open(model);
        this.text = Files.readString(text);
        for (int from = 0; from < this.text.length(); ) {
            int end = this.text.indexOf('\n', from);
            end = end < 0 ? this.text.length() : end + 1;
            lines.add(this.text.substring(from, end));
            from = end;
        }
    }

    private static Tokenizer open(Path model) {
        if (!model.toString().endsWith(".gguf")) {
            return Tokenizers.load(model);
        }
        try (Checkpoint file = Checkpoint.open(model)) {
            return Tokenizers.fromGguf(file.metadata(), model.toString());
        }
    }

    /** Arguments: the tokenizer and the text. */
    public static void main(String[] args) throws IOException {
        TokenizeReport report = new TokenizeReport(Path.of(args[0]), Path.of(args[1]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(report.answer(line));
            System.out.flush();
        }
    }

    private String answer(String line) throws IOException {
        if (line.startsWith("ids ")) {
            int[] ids = ids(tokenizer, text);
            ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asIntBuffer().put(ids);
            Files.write(Path.of(line.substring(4)), bytes.array());
            return String.valueOf(ids.length);
        }
        Tokenizer fresh = line.equals("fresh") ? open(model) : tokenizer;
        double seconds = seconds(line.equals("lines") ? this::byLines : () -> ids(fresh, text).length);
        return String.valueOf(seconds);
    }

    private int byLines() {
        int count = 0;
        for (String line : lines) {
            count += ids(tokenizer, line).length;
        }
        return count;
    }

    private static int[] ids(Tokenizer tokenizer, String text) {
        return tokenizer.ids(text, EncodeOptions.BARE);
    }

    private static double seconds(IntSupplier work) {
        long start = System.nanoTime();
        int tokens = work.getAsInt();
        long end = System.nanoTime();
        if (tokens < 0) {
            throw new IllegalStateException("no tokens");
        }
        return (end - start) / 1e9;
    }
}
