package dev.cutaway.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.impl.driver.Driver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page's TypeScript checks: esbuild removes types without reading them. TypeScript and Lit's declarations come from their Maven
 * artifacts, the Node that runs the compiler is the one that Playwright carries.
 */
@Tag("browser")
final class TypesTest {
    @Test
    void theSourcesOfThePageCheck(@TempDir Path dir) throws Exception {
        Path tools = dir.resolve("tools");
        for (String jar : List.of("typescript", "lit", "lit-element", "lit-html", "reactive-element")) {
            unpack(jar, tools);
        }
        Path statics = tools.resolve("META-INF/resources/_static");
        Path sources = Path.of(System.getProperty("cutaway.root"), "cutaway-inspect/src/main/web");
        Path config = dir.resolve("tsconfig.json");
        Files.writeString(config, config(statics, sources));
        Path node = Driver.ensureDriverInstalled(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"), false)
                .driverDir()
                .resolve(System.getProperty("os.name").startsWith("Windows") ? "node.exe" : "node");
        String compiler =
                only(statics.resolve("typescript")).resolve("lib/tsc.js").toString();
        Process process = new ProcessBuilder(node.toString(), compiler, "-p", config.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static String config(Path statics, Path sources) throws IOException {
        StringBuilder paths = new StringBuilder();
        for (Map.Entry<String, String> e : Map.of(
                        "lit",
                        "lit",
                        "lit-element",
                        "lit-element",
                        "lit-html",
                        "lit-html",
                        "@lit/reactive-element",
                        "reactive-element")
                .entrySet()) {
            Path at = only(statics.resolve(e.getValue()));
            String main = Files.exists(at.resolve("index.d.ts")) ? "index.d.ts" : e.getValue() + ".d.ts";
            paths.append(paths.isEmpty() ? "" : ",")
                    .append("\"%s\":[\"%s\"],\"%s/*\":[\"%s/*\"]"
                            .formatted(e.getKey(), at.resolve(main), e.getKey(), at));
        }
        return """
                {"compilerOptions":{"target":"es2022","module":"esnext","moduleResolution":"bundler","strict":true,"noEmit":true,
                "lib":["es2022","dom","dom.iterable"],"types":[],"skipLibCheck":true,"useDefineForClassFields":false,
                "noUnusedLocals":true,"noUnusedParameters":true,"noImplicitReturns":true,"paths":{%s}},"include":["%s/*.ts"]}
                """.formatted(paths, sources).replace("\\", "/");
    }

    private static Path only(Path dir) throws IOException {
        try (Stream<Path> versions = Files.list(dir)) {
            return versions.findFirst().orElseThrow();
        }
    }

    /** Unpacks an artifact of the class path, and the archive of declarations within. */
    private static void unpack(String artifact, Path to) throws IOException, InterruptedException {
        Path jar = Stream.of(System.getProperty("java.class.path").split(System.getProperty("path.separator")))
                .map(Path::of)
                .filter(p -> p.getFileName().toString().matches(artifact + "-[0-9.]+\\.jar"))
                .findFirst()
                .orElseThrow();
        try (FileSystem zip = FileSystems.newFileSystem(jar);
                Stream<Path> files = Files.walk(zip.getPath("/META-INF"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(file.toString().substring(1));
                Files.createDirectories(Objects.requireNonNull(target.getParent()));
                try (InputStream in = Files.newInputStream(file)) {
                    Files.write(target, in.readAllBytes());
                }
            }
        }
        Path more = to.resolve("META-INF/.more.tgz");
        if (Files.exists(more)) {
            Process tar = new ProcessBuilder(
                            "tar",
                            "xzf",
                            more.toString(),
                            "-C",
                            to.resolve("META-INF").toString())
                    .start();
            assertThat(tar.waitFor()).isZero();
            Files.delete(more);
        }
    }
}
