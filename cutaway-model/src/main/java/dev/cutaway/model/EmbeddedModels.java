package dev.cutaway.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The models that come with the library, trained by the recipes of the project. Weights are mapped from files, so the files of an embedded
 * one are copied once from the library into the user's cache, named by their checksum.
 */
public final class EmbeddedModels {
    private static final List<String> NAMES = List.of("tales", "fruit", "clothes", "en-de", "bert");

    private EmbeddedModels() {}

    /** Their names; the first is the default. */
    public static List<String> names() {
        return NAMES;
    }

    /** What trained a model, on what, with which result: its manifest, as JSON has it. */
    public static Map<String, Object> manifest(String name) {
        try (InputStream in = resource(name + ".json")) {
            @SuppressWarnings("unchecked")
            Map<String, Object> m = new ObjectMapper().readValue(in, Map.class);
            return m;
        } catch (IOException e) {
            throw new ResourceException("the embedded model " + name + " cannot be read: " + e.getMessage());
        }
    }

    /** The model's directory or {@code .gguf} file, copied into the cache if it is not there; empty if there is no such model. */
    static Optional<Path> path(String name) {
        if (!NAMES.contains(name)) {
            return Optional.empty();
        }
        Map<String, Object> manifest = manifest(name);
        String sum = String.valueOf(manifest.get("sha256"));
        Path directory = cache().resolve(name + "-" + sum.substring(0, Math.min(16, sum.length())));
        List<String> files = files(manifest);
        if (!Files.isDirectory(directory)) {
            copy(name, files, directory);
        }
        boolean one = files.size() == 1 && files.getFirst().endsWith(".gguf");
        return Optional.of(one ? directory.resolve(files.getFirst()) : directory);
    }

    /** Whether a path is where an embedded model was copied to. */
    public static boolean isCopy(Path path) {
        return path.toAbsolutePath()
                .normalize()
                .startsWith(cache().toAbsolutePath().normalize());
    }

    private static List<String> files(Map<String, Object> manifest) {
        return manifest.get("files") instanceof List<?> l
                ? l.stream().map(String::valueOf).toList()
                : List.of();
    }

    private static Path cache() {
        String set = System.getenv("CUTAWAY_CACHE");
        String xdg = System.getenv("XDG_CACHE_HOME");
        if (set != null && !set.isBlank()) {
            return Path.of(set);
        }
        return xdg != null && !xdg.isBlank()
                ? Path.of(xdg, "cutaway")
                : Path.of(System.getProperty("user.home"), ".cache", "cutaway");
    }

    /** All of them, or none: the directory gets its name when its files are there. */
    private static void copy(String name, List<String> files, Path directory) {
        try {
            Path cache = Objects.requireNonNull(directory.getParent());
            Files.createDirectories(cache);
            Path part = Files.createTempDirectory(cache, "." + name);
            try {
                for (String file : files) {
                    try (InputStream in = resource(name + "/" + file)) {
                        Files.copy(in, part.resolve(file));
                    }
                }
                Files.move(part, directory, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (!Files.isDirectory(directory)) { // or another process was first
                    throw e;
                }
            } finally {
                remove(part, files);
            }
        } catch (IOException e) {
            throw new ResourceException("the embedded model " + name + " cannot be copied to " + directory + " ("
                    + e.getMessage() + "); set CUTAWAY_CACHE to a folder that can be written");
        }
    }

    private static void remove(Path part, List<String> files) throws IOException {
        for (String file : files) {
            Files.deleteIfExists(part.resolve(file));
        }
        Files.deleteIfExists(part);
    }

    private static InputStream resource(String file) {
        InputStream in = EmbeddedModels.class.getResourceAsStream("embedded/" + file);
        if (in == null) {
            throw new BadInputException("the embedded file " + file + " is missing from this build");
        }
        return in;
    }
}
