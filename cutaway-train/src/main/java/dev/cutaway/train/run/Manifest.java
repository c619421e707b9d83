package dev.cutaway.train.run;

import dev.cutaway.tensor.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code training.json}: how a model came about, enough to make it again. */
final class Manifest {
    private Manifest() {}

    static Map<String, Object> of(Setup s, Progress p, long chosen) {
        Recipe r = s.recipe();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("recipe", r.tree());
        m.put("objective", s.objective());
        m.put("parameters", s.trained());
        m.put("seed", r.seed());
        m.put("steps", s.trainer().steps());
        m.put("weights_of_step", chosen);
        m.put("examples", s.batches().size());
        m.put("epochs", s.batches().epochs(s.trainer().steps()));
        m.put("tokens", p.tokens());
        m.put("hours", p.seconds() / 3600);
        m.put("loss", p.lastLoss());
        p.lastValid().ifPresent(v -> m.put("valid_loss", v));
        p.best().ifPresent(b -> m.put("best", Map.of("step", b.step(), "loss", b.loss())));
        Map<String, String> files = new LinkedHashMap<>();
        files(r.data(), dir(r.data()), files);
        m.put("data_sha256", files);
        return m;
    }

    private static String dir(Map<String, Object> data) {
        return data.get("dir") instanceof String d ? d : "";
    }

    /** Files that the recipe's data name. */
    private static void files(Object value, String dir, Map<String, String> out) {
        switch (value) {
            case Map<?, ?> m -> m.values().forEach(v -> files(v, m.get("dir") instanceof String d ? d : dir, out));
            case List<?> l -> l.forEach(v -> files(v, dir, out));
            case String name -> {
                try {
                    Path file = dir.isEmpty() ? Path.of(name) : Path.of(dir).resolve(name);
                    if (Files.isRegularFile(file)) {
                        out.put(name, sha256(file));
                    }
                } catch (InvalidPathException e) {
                    // a word, not a file
                }
            }
            default -> {}
        }
    }

    private static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest d = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                d.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(d.digest());
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read any more (" + e.getMessage() + ")", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
