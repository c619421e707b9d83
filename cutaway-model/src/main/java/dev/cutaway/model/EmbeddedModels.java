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
 * The models that come with the library. Weights are mapped from files, so an embedded one is copied once from the library into
 * the user's cache, named by its checksum.
 */
public final class EmbeddedModels {
    private static final List<String> NAMES = List.of("tales");

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

    /** The model's file, copied into the cache if it is not there; empty if there is no such model. */
    static Optional<Path> file(String name) {
        if (!NAMES.contains(name)) {
            return Optional.empty();
        }
        String sum = String.valueOf(manifest(name).get("sha256"));
        Path file = cache().resolve(name + "-" + sum.substring(0, Math.min(16, sum.length())) + ".gguf");
        if (!Files.isRegularFile(file)) {
            copy(name, file);
        }
        return Optional.of(file);
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

    private static void copy(String name, Path file) {
        try (InputStream in = resource(name + ".gguf")) {
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            Path part = Files.createTempFile(file.getParent(), name, ".part");
            try {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ResourceException("the embedded model " + name + " cannot be copied to " + file + " ("
                    + e.getMessage() + "); set CUTAWAY_CACHE to a folder that can be written");
        }
    }

    private static InputStream resource(String file) {
        InputStream in = EmbeddedModels.class.getResourceAsStream("embedded/" + file);
        if (in == null) {
            throw new BadInputException("the embedded file " + file + " is missing from this build");
        }
        return in;
    }
}
