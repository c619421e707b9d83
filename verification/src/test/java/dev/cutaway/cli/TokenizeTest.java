package dev.cutaway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeTest {
    private static final String MODEL = "tales";

    @Test
    void textToIdsAndBack() {
        String ids = Command.run("tokenize", MODEL, "The end.").done().out().strip();
        assertThat(ids).matches("\\d+( \\d+)+");
        assertThat(Command.run("tokenize", MODEL, "--decode", "--no-special", ids)
                        .done()
                        .out())
                .isEqualTo("The end.\n");
        assertThat(Command.run("tokenize", MODEL, "--decode", "--no-special", ids.replace(" ", ", "))
                        .done()
                        .out())
                .isEqualTo("The end.\n");
    }

    @Test
    void everyLineGetsAnAnswerAndOnlyNewlinesEndLines() {
        Command c = Command.given("a\n\nb\r\nc", "tokenize", MODEL, "--no-special", "--json")
                .done();
        assertThat(c.lines()).hasSize(4);
        assertThat(c.lines().get(1)).isEqualTo("[]");
        JsonNode third = c.jsonLines().toList().get(2);
        assertThat(third.get(third.size() - 1).get("end").intValue())
                .as("the carriage return belongs to the text")
                .isEqualTo(2);
    }

    @Test
    void offsetsAreBytes() {
        JsonNode tokens = Command.run("tokenize", MODEL, "--json", "--no-special", "é€")
                .done()
                .json();
        assertThat(tokens.get(0).get("start").intValue()).isZero();
        assertThat(tokens.get(tokens.size() - 1).get("end").intValue()).isEqualTo(5);
        assertThat(tokens.get(0).fieldNames()).toIterable().containsExactly("id", "text", "piece", "start", "end");
    }

    @Test
    void jsonLines(@TempDir Path dir) {
        Path model = Command.withWords("gpt2", dir.resolve("m"));
        Command c = Command.given("\"w5 w6\"\n{\"text\":\"w7\",\"pair\":\"w8\"}\n", "tokenize", model, "--jsonl")
                .done();
        assertThat(c.lines()).containsExactly("[5,6]", "[7,8]");
        assertThat(Command.given("[5, 6]\n[]\n", "tokenize", model, "--jsonl", "--decode")
                        .done()
                        .lines())
                .containsExactly("\"w5 w6\"", "\"\"");
    }

    @Test
    void specialTokensInsideAText(@TempDir Path dir) {
        Path model = Command.withWords("gpt2", dir.resolve("m"));
        assertThat(Command.run("tokenize", model, "xw2").done().out()).isEqualTo("0 2\n");
        assertThat(Command.run("tokenize", model, "--no-parse-special", "xw2")
                        .done()
                        .out())
                .isEqualTo("0\n");
    }

    @Test
    void textMayBeginWithADashOrAnAt() {
        assertThat(Command.run("tokenize", MODEL, "--no-special", "--", "--json")
                        .done()
                        .out())
                .isNotBlank();
        assertThat(Command.run("tokenize", MODEL, "--no-special", "@file")
                        .done()
                        .out())
                .isNotBlank();
    }

    @Test
    void wrongInput() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("good\nab".getBytes(StandardCharsets.UTF_8));
        bytes.write(0xc3);
        bytes.write('(');
        Command.given(bytes.toByteArray(), "tokenize", MODEL).failed(3, "line 2", "byte 3", "0xc3");
        Command.given("{}\n", "tokenize", MODEL, "--jsonl").failed(3, "line 1");
        Command.given("\"a\n", "tokenize", MODEL, "--jsonl").failed(3, "line 1");
        Command.given("[1.5]\n", "tokenize", MODEL, "--jsonl", "--decode").failed(3, "line 1", "1.5");
        Command.run("tokenize", MODEL, "--decode", "1 x").failed(3, "'x'");
        Command.run("tokenize", MODEL, "--decode", "99999999").failed(3, "99999999", "vocabulary");
        Command.run("tokenize", Command.model("gpt2"), "a").failed(3, "tokenizer");
        Command.run("tokenize").failed(2, "MODEL");
    }
}
