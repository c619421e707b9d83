package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Runs a command in this process, as a shell would see it: exit code, standard output, standard error. */
record Command(int code, String out, String err) {
    static final Path GOLDEN = Path.of(System.getProperty("cutaway.root", ".."), "verification", "golden")
            .toAbsolutePath()
            .normalize();

    /** Runs a command; arguments become strings. */
    static Command run(Object... args) {
        return given(new byte[0], args);
    }

    static Command given(String input, Object... args) {
        return given(input.getBytes(StandardCharsets.UTF_8), args);
    }

    /** Runs a command that reads this from standard input. */
    static Command given(byte[] input, Object... args) {
        return given(new ByteArrayInputStream(input), new ByteArrayOutputStream(), args);
    }

    /** Runs a command that reads from a stream, and whose standard output can be looked at while it runs. */
    static synchronized Command given(InputStream input, ByteArrayOutputStream outBytes, Object... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        InputStream in = System.in;
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try (PrintStream newOut = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
                PrintStream newErr = new PrintStream(errBytes, true, StandardCharsets.UTF_8)) {
            System.setOut(newOut);
            System.setErr(newErr);
            System.setIn(input);
            String[] strings = Arrays.stream(args).map(String::valueOf).toArray(String[]::new);
            int code = Main.run(
                    strings,
                    new PrintWriter(newOut, true, StandardCharsets.UTF_8),
                    new PrintWriter(newErr, true, StandardCharsets.UTF_8));
            return new Command(
                    code, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
            System.setIn(in);
        }
    }

    static Path model(String name) {
        return GOLDEN.resolve("models").resolve(name);
    }

    /** It ended well and said nothing beside its results. */
    Command done() {
        assertThat(err).isEmpty();
        assertThat(code).isZero();
        return this;
    }

    /** It ended with this code and one line, which names all of these, without class names. */
    Command failed(int expected, String... named) {
        assertThat(err).as("what it says").endsWith("\n").startsWith("cutaway: ");
        assertThat(err.strip().lines()).as("lines").hasSize(1);
        assertThat(err)
                .doesNotContain("Exception")
                .doesNotContain("dev.cutaway")
                .doesNotContain("java.");
        assertThat(err).contains(named);
        assertThat(code).as(err).isEqualTo(expected);
        return this;
    }

    List<String> lines() {
        return out.lines().toList();
    }

    JsonNode json() {
        return json(out);
    }

    Stream<JsonNode> jsonLines() {
        return out.lines().map(Command::json);
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    /** A copy of a golden model with a tokenizer of the words {@code w0} to {@code w96}, whose ids are their numbers. */
    static Path withWords(String name, Path to) {
        try {
            Files.createDirectories(to);
            try (Stream<Path> files = Files.list(model(name))) {
                for (Path f : files.toList()) {
                    Files.copy(f, to.resolve(f.getFileName()));
                }
            }
            StringBuilder vocabulary = new StringBuilder();
            for (int i = 0; i < 97; i++) {
                vocabulary
                        .append(i == 0 ? "" : ",")
                        .append("\"w")
                        .append(i)
                        .append("\":")
                        .append(i);
            }
            String added = Stream.of(1, 2, 3)
                    .map(i -> "{\"id\":" + i + ",\"content\":\"w" + i + "\",\"single_word\":false,\"lstrip\":false,"
                            + "\"rstrip\":false,\"normalized\":false,\"special\":true}")
                    .collect(java.util.stream.Collectors.joining(","));
            Files.writeString(
                    to.resolve("tokenizer.json"),
                    "{\"version\":\"1.0\",\"added_tokens\":[" + added + "],\"normalizer\":null,"
                            + "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,"
                            + "\"model\":{\"type\":\"WordLevel\",\"vocab\":{" + vocabulary
                            + "},\"unk_token\":\"w0\"}}");
            Files.writeString(
                    to.resolve("tokenizer_config.json"),
                    "{\"mask_token\":\"w3\",\"eos_token\":\"w2\",\"pad_token\":\"w1\",\"unk_token\":\"w0\"}");
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
