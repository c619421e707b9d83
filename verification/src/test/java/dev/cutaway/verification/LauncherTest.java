package dev.cutaway.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ./cutaway} as a stranger meets it: a fresh copy in a folder whose name has a space and an accent, no JAVA_HOME.
 * It is built once by Maven; where a test is about whether a build happens, a script that only says so stands for Maven.
 */
@Tag("launcher")
final class LauncherTest {
    @TempDir
    static Path temp;

    private static Path home;
    private static Shell.Outcome first;

    @BeforeAll
    static void buildInAFreshCopy() throws IOException {
        home = temp.resolve("cut away é");
        SourceTree.copyTo(home);
        first = Shell.in(temp).with("LC_ALL", "C").run(home + "/cutaway", "--version");
    }

    /** A Maven that leaves a mark and then claims that it failed. */
    private Path fakeMaven;

    @BeforeEach
    void makeFakeMaven() throws IOException {
        fakeMaven = Files.createDirectories(temp.resolve("fake"));
        Path script = fakeMaven.resolve("mvn");
        Files.writeString(script, "#!/bin/sh\necho '[ERROR] fake'\ntouch '" + fakeMaven + "/called'\nexit 1\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        Files.deleteIfExists(fakeMaven.resolve("called"));
    }

    private Shell withFakeMaven() {
        return Shell.in(temp).with("PATH", fakeMaven + ":" + System.getenv("PATH"));
    }

    private boolean builds() throws IOException {
        Files.deleteIfExists(fakeMaven.resolve("called"));
        Shell.Outcome outcome = withFakeMaven().run(home + "/cutaway", "--version");
        boolean called = Files.exists(fakeMaven.resolve("called"));
        assertThat(outcome.code()).isEqualTo(called ? 4 : 0);
        return called;
    }

    /** Runs a change that must be noticed, then undoes it as far as the launcher is concerned. */
    private void noticed(Change change, Change back) throws IOException {
        Path stamp = home.resolve(".cutaway/stamp");
        byte[] content = Files.readAllBytes(stamp);
        change.make();
        assertThat(builds()).as("a build was tried").isTrue();
        back.make();
        Files.write(stamp, content);
        Files.setLastModifiedTime(stamp, FileTime.from(Instant.now().plusSeconds(2)));
        assertThat(builds()).as("a build was tried after all was as before").isFalse();
    }

    private interface Change {
        void make() throws IOException;
    }

    @Test
    void firstStartBuildsAndSaysOnlyThat() {
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).matches("cutaway \\d+\\.\\d+\\.\\d+\\S*\n");
        assertThat(first.err().lines()).hasSize(1);
        assertThat(first.err()).startsWith("Building Cutaway");
    }

    @Test
    void laterStartsSayNothing() {
        Shell.Outcome outcome = withFakeMaven().run(home + "/cutaway", "doctor");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("JDK", "cores", "memory");
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void everyLibraryThatIsShippedIsListedWithItsLicence() throws IOException {
        String list = Files.readString(SourceTree.ROOT.resolve("THIRD_PARTY.md"));
        try (Stream<Path> jars = Files.list(home.resolve(".cutaway/runtime"))) {
            assertThat(jars.map(jar -> jar.getFileName().toString())
                            .filter(file -> file.endsWith(".jar") && !file.startsWith("cutaway-"))
                            .map(jar -> jar.replaceFirst("-\\d.*", "")))
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(list)
                            .containsAnyOf("`" + name + "`", "`" + name.replaceFirst("-.*", "") + "-*`"));
        }
    }

    @Test
    void theBuildKeepsWhatItsRehearsalLoaded() {
        assertThat(home.resolve(".cutaway/runtime/cutaway.aot")).isNotEmptyFile();
        assertThat(home.resolve(".cutaway/runtime/cutaway.aot.config")).doesNotExist();
    }

    /** The program is asked once whether it wants the Vector API, by a JVM that here answers as the test likes. */
    @Test
    void theVectorModuleIsThereWhereTheProgramWantsIt() throws IOException {
        Path jdk = temp.resolve("asked");
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
        Path known = home.resolve(".cutaway/runtime/vectors");
        try {
            for (String answer : new String[] {"yes", "no", "what?"}) {
                Files.deleteIfExists(known);
                Files.deleteIfExists(jdk.resolve("questions"));
                for (String program : new String[] {"java", "javac"}) {
                    Path script = jdk.resolve("bin").resolve(program);
                    Files.writeString(
                            script,
                            "#!/bin/sh\ncase $* in *VectorModule*) echo '" + answer + "'; echo asked >>'" + jdk
                                    + "/questions' ;;\n*) echo \"$*\" ;; esac\n");
                    assertThat(script.toFile().setExecutable(true)).isTrue();
                }
                for (int start = 1; start <= 2; start++) {
                    Shell.Outcome outcome =
                            Shell.in(temp).with("JAVA_HOME", jdk.toString()).run(home + "/cutaway", "doctor");
                    assertThat(outcome.out().contains("--add-modules=jdk.incubator.vector"))
                            .as("module after the answer " + answer)
                            .isEqualTo(!answer.equals("no"));
                    // Only where kernels are machine code, and there is little else to do, one compiler is enough.
                    assertThat(outcome.out().contains("-XX:TieredStopAtLevel=1"))
                            .as("one compiler after the answer " + answer)
                            .isEqualTo(answer.equals("no"));
                }
                assertThat(jdk.resolve("questions")).content().hasLineCount(answer.equals("what?") ? 2 : 1);
            }
            // Another processor than the one that was asked about.
            Files.writeString(known, "flags : other\nno\n");
            assertThat(Shell.in(temp)
                            .with("JAVA_HOME", jdk.toString())
                            .run(home + "/cutaway", "doctor")
                            .out())
                    .contains("--add-modules");
        } finally {
            Files.deleteIfExists(known);
        }
    }

    @Test
    void startsThroughALinkFromAnotherPlace() throws IOException {
        Path elsewhere = Files.createDirectories(temp.resolve("elsewhere"));
        Path link = elsewhere.resolve("ca");
        if (Files.notExists(link)) {
            Files.createSymbolicLink(link, Path.of("..", home.getFileName().toString(), "cutaway"));
        }
        Shell.Outcome outcome = Shell.in(elsewhere).run("./ca", "--version");
        assertThat(outcome.out()).isEqualTo(first.out());
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void noticesEditedNewAndDeletedSources() throws IOException {
        Path source = home.resolve("cutaway-cli/src/main/java/dev/cutaway/cli/Main.java");
        byte[] content = Files.readAllBytes(source);
        FileTime old = Files.getLastModifiedTime(source);
        Change restore = () -> {
            Files.write(source, content);
            Files.setLastModifiedTime(source, old);
        };
        noticed(() -> Files.writeString(source, new String(content, StandardCharsets.UTF_8) + "\n"), restore);
        noticed(() -> Files.delete(source), restore);
        noticed(
                () -> Files.setLastModifiedTime(
                        source, FileTime.from(Instant.now().plusSeconds(60))),
                restore);
        Path added = source.resolveSibling("Added.java");
        noticed(() -> Files.writeString(added, "final class Added {}\n"), () -> Files.delete(added));
        // Copied with an old date over the one that was built: only the size tells.
        noticed(
                () -> {
                    Files.writeString(source, new String(content, StandardCharsets.UTF_8) + "\n\n");
                    Files.setLastModifiedTime(source, old);
                },
                restore);
    }

    @Test
    void wrongUsageIsTwo() {
        Shell.in(temp).run(home + "/cutaway", "frobnicate").failsWith(2, "frobnicate");
        Shell.in(temp).run(home + "/cutaway", "doctor", "--no-such-option").failsWith(2, "--no-such-option");
        Shell.in(temp).run(home + "/cutaway", "--threads", "0", "doctor").failsWith(2, "--threads", "0");
    }

    @Test
    void argumentsKeepTheirBytesWithoutALanguage() {
        Shell.in(temp)
                .with("LC_ALL", "C")
                .with("LANG", null)
                .run(home + "/cutaway", "größe 😀 $HOME \"x\"")
                .failsWith(2, "größe 😀 $HOME \"x\"");
    }

    @Test
    void jvmThatDoesNotStartStillSaysWhy() {
        Shell.Outcome outcome = Shell.in(temp)
                .with("CUTAWAY_JAVA_OPTS", "-XX:NoSuchFlag=1")
                .run("sh", "-c", "\"$0\" doctor 2>&1 | cat", home + "/cutaway");
        assertThat(outcome.out()).contains("NoSuchFlag").doesNotContain("WARNING");
    }

    @Test
    void jvmThatDiesInTheProgramStillSaysWhy() {
        // Too little room for the first classes: past the JVM's own start, before the program's own words.
        Shell.Outcome outcome = Shell.in(temp)
                .with("CUTAWAY_JAVA_OPTS", "-XX:MaxMetaspaceSize=2m")
                .run("sh", "-c", "\"$0\" doctor 2>&1 | cat", home + "/cutaway");
        assertThat(outcome.out()).contains("OutOfMemoryError").doesNotContain("incubator");
    }

    @Test
    void variablesThatTheJvmAnnouncesAreHeededQuietly() {
        Shell.Outcome outcome = Shell.in(temp)
                .with("JAVA_TOOL_OPTIONS", "-Dsome.thing=1")
                .with("JDK_JAVA_OPTIONS", "-Dother.thing=1")
                .with("CUTAWAY_JAVA_OPTS", "-Xmx123m -Dthird.thing=1")
                .run(home + "/cutaway", "doctor");
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out()).contains("some.thing", "other.thing", "third.thing", "-Xmx123m");
    }

    @Test
    void errorsAreThereWhenTheProgramHasEnded() {
        // Through a file and not a pipe: nothing waits for the last writer here.
        Shell.Outcome outcome = Shell.in(temp)
                .run(
                        "sh",
                        "-c",
                        "for i in 1 2 3 4 5; do \"$0\" --nope 2>err.txt; wc -l <err.txt; done",
                        home + "/cutaway");
        assertThat(outcome.out().lines().map(String::strip)).containsExactly("1", "1", "1", "1", "1");
    }

    @Test
    void signalsReachTheProgramItself() throws InterruptedException {
        boolean heeded = Shell.in(temp)
                .run("sh", "-c", "kill -INT $$; echo ignored")
                .out()
                .isEmpty();
        assumeTrue(heeded, "started in the background, where interruptions are ignored");
        endsBy("INT", 130);
        endsBy("TERM", 143);
    }

    /** What was started is the program and no shell that would have to pass the signal on. */
    private static void endsBy(String signal, int code) throws InterruptedException {
        try (Shell.Running inspector = Shell.in(temp).start(home + "/cutaway", "inspect", "--no-open")) {
            for (int tenths = 0; tenths < 900 && inspector.process().isAlive(); tenths++) {
                if (inspector.out().contains("http://")) {
                    break;
                }
                Thread.sleep(100);
            }
            assertThat(inspector.out()).as(inspector.err()).contains("http://127.0.0.1:");
            Shell.in(temp)
                    .run(
                            "sh",
                            "-c",
                            "kill -" + signal + " $0",
                            Long.toString(inspector.process().pid()));
            assertThat(inspector.await(30).code())
                    .as("exit code after SIG" + signal)
                    .isEqualTo(code);
        }
    }

    @Test
    void tooOldJavaHomeIsPassedOver() throws IOException {
        Path old = JdkFetchTest.fakeJdk(temp.resolve("old jdk"), "17.0.9");
        Shell.Outcome outcome = Shell.in(temp).with("JAVA_HOME", old.toString()).run(home + "/cutaway", "--version");
        assertThat(outcome.out()).isEqualTo(first.out());
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void missingJdkIsOneLineWithTheRemedy() {
        Shell.in(temp)
                .with("CUTAWAY_JDK_SEARCH", "no")
                .with("XDG_CACHE_HOME", temp + "/nothing")
                .run(home + "/cutaway", "--version")
                .failsWith(4, "JDK 25", "JAVA_HOME", "--fetch-jdk");
    }

    @Test
    void failedBuildNamesItsLog() throws IOException {
        Path copy = temp.resolve("unbuilt");
        SourceTree.copyTo(copy);
        Shell.Outcome outcome = withFakeMaven().run(copy + "/cutaway", "--version");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("[ERROR] fake", "the build failed", copy + "/.cutaway/build.log");
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void withoutMavenTheWrapperIsUsedAndSaysWhatItNeeds() throws IOException {
        Path copy = temp.resolve("wrapped");
        SourceTree.copyTo(copy);
        Shell.Outcome outcome = Shell.in(temp)
                .with("PATH", toolsWithoutMaven().toString())
                .with("MAVEN_USER_HOME", temp + "/no wrapper here")
                .with("MVNW_REPOURL", "http://127.0.0.1:9")
                .run(copy + "/cutaway", "--version");
        assertThat(outcome.code()).isEqualTo(4);
        assertThat(outcome.err()).contains("network", "Maven Central", "build.log");
    }

    /** Done here, since JUnit warns of each link that leads out of its folder. */
    @AfterAll
    static void removeLinks() throws IOException {
        Path tools = temp.resolve("tools");
        if (Files.exists(tools)) {
            try (Stream<Path> links = Files.list(tools)) {
                for (Path link : (Iterable<Path>) links::iterator) {
                    Files.delete(link);
                }
            }
        }
    }

    /** A folder with links to every tool of the system's usual folders but Maven. */
    private static Path toolsWithoutMaven() throws IOException {
        Path tools = temp.resolve("tools");
        if (Files.exists(tools)) {
            return tools;
        }
        Files.createDirectory(tools);
        for (String folder : new String[] {"/usr/bin", "/bin"}) {
            assumeTrue(Files.isDirectory(Path.of(folder)));
            try (Stream<Path> programs = Files.list(Path.of(folder))) {
                for (Path program : (Iterable<Path>) programs::iterator) {
                    Path link = tools.resolve(program.getFileName());
                    if (!program.getFileName().toString().startsWith("mvn") && Files.notExists(link)) {
                        Files.createSymbolicLink(link, program);
                    }
                }
            }
        }
        return tools;
    }
}
