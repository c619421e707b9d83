package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The build that the parent pom configures turns bad code away: a module with that parent is compiled by Maven. */
@Tag("launcher")
final class StrictCompilerTest {
    private static final String MODULE = """
            <project xmlns="http://maven.apache.org/POM/4.0.0">
              <modelVersion>4.0.0</modelVersion>
              <parent>
                <groupId>dev.cutaway</groupId>
                <artifactId>cutaway-parent</artifactId>
                <version>0.1.0-SNAPSHOT</version>
              </parent>
              <artifactId>tried</artifactId>
              <dependencies>
                <dependency><groupId>org.jspecify</groupId><artifactId>jspecify</artifactId><scope>provided</scope></dependency>
              </dependencies>
            </project>
            """;

    @TempDir
    Path temp;

    @Test
    void acceptsCodeThatHandlesNull() throws IOException {
        Shell.Outcome outcome = compile("return text == null ? 0 : text.length();");
        assertThat(outcome.code()).as(outcome.out()).isZero();
    }

    @Test
    void nullAwayRejectsAPossibleNull() throws IOException {
        Shell.Outcome outcome = compile("return text.length();");
        assertThat(outcome.code()).isNotZero();
        assertThat(outcome.out()).contains("[NullAway] dereferenced expression 'text' is @Nullable");
    }

    @Test
    void warningsAreErrors() throws IOException {
        Shell.Outcome outcome = compile("java.util.List names = java.util.List.of();\n        return names.size();");
        assertThat(outcome.code()).isNotZero();
        assertThat(outcome.out()).contains("found raw type", "warnings found and -Werror specified");
    }

    private Shell.Outcome compile(String body) throws IOException {
        Files.copy(SourceTree.ROOT.resolve("pom.xml"), temp.resolve("pom.xml"), StandardCopyOption.REPLACE_EXISTING);
        Path sources = Files.createDirectories(temp.resolve("tried/src/main/java/tried"));
        Files.createDirectories(temp.resolve("tried/.mvn"));
        Files.copy(SourceTree.ROOT.resolve(".mvn/jvm.config"), temp.resolve("tried/.mvn/jvm.config"));
        Files.writeString(temp.resolve("tried/pom.xml"), MODULE);
        Files.writeString(sources.resolve("../module-info.java"), """
                import org.jspecify.annotations.NullMarked;

                /** Tried. */
                @NullMarked
                module tried {
                    requires static org.jspecify;
                }
                """);
        Files.writeString(sources.resolve("Tried.java"), """
                package tried;

                import org.jspecify.annotations.Nullable;

                final class Tried {
                    private Tried() {}

                    static int length(@Nullable String text) {
                        %s
                    }
                }
                """.formatted(body));
        String maven = Shell.in(temp).run("sh", "-c", "command -v mvn").out().strip();
        String[] command = maven.isEmpty()
                ? new String[] {"sh", SourceTree.ROOT + "/mvnw", "-B", "compile"}
                : new String[] {maven, "-B", "compile"};
        return Shell.in(temp.resolve("tried"))
                .with("JAVA_HOME", System.getProperty("java.home"))
                .run(command);
    }
}
