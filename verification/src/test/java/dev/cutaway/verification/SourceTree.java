package dev.cutaway.verification;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;

/** The project's own files, and copies of them as a fresh clone would have them. */
final class SourceTree {
    static final Path ROOT =
            Path.of(System.getProperty("cutaway.root", "..")).toAbsolutePath().normalize();

    private static final Set<String> NOT_IN_A_CLONE = Set.of("target", ".git", ".cutaway", ".idea", ".vscode", "out");
    /** Large, and no part of what the command is built from. */
    private static final Set<Path> NOT_NEEDED = Set.of(ROOT.resolve("verification/golden"));

    private SourceTree() {}

    /** Copies what a build of the command needs. */
    static void copyTo(Path target) throws IOException {
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                String name = String.valueOf(directory.getFileName());
                if (!directory.equals(ROOT) && (NOT_IN_A_CLONE.contains(name) || NOT_NEEDED.contains(directory))) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(
                        target.resolve(ROOT.relativize(directory).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile() && !file.getFileName().toString().equals(".git")) {
                    Files.copy(
                            file, target.resolve(ROOT.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
