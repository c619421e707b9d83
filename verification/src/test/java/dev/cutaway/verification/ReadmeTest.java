package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import org.junit.jupiter.api.Test;

/** What the README shows in Java runs in JShell as it stands. */
class ReadmeTest {
    @Test
    void theExampleInJavaRuns() throws IOException {
        String readme = Files.readString(Path.of("..", "README.md"));
        int from = readme.indexOf("```java\n");
        assertThat(from).isPositive();
        String code = readme.substring(from + 8, readme.indexOf("```", from + 8));
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (JShell shell = JShell.builder().executionEngine("local").build()) {
            for (String entry : (System.getProperty("java.class.path")
                            + java.io.File.pathSeparator
                            + System.getProperty("jdk.module.path", ""))
                    .split(java.io.File.pathSeparator)) {
                shell.addToClasspath(entry);
            }
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            run(shell, code);
        } finally {
            System.setOut(out);
        }
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).as("%s", lines).hasSizeGreaterThanOrEqualTo(3);
        assertThat(String.join("\n", lines)).contains("the sum over each key of attention weight times value");
    }

    private static void run(JShell shell, String code) {
        SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
        String rest = code;
        while (!rest.isBlank()) {
            SourceCodeAnalysis.CompletionInfo next = analysis.analyzeCompletion(rest);
            for (SnippetEvent e : shell.eval(next.source())) {
                assertThat(e.status())
                        .as(
                                "%s %s",
                                next.source(), shell.diagnostics(e.snippet()).toList())
                        .isEqualTo(Snippet.Status.VALID);
                assertThat(e.exception()).as(next.source()).isNull();
            }
            rest = next.remaining();
        }
    }
}
