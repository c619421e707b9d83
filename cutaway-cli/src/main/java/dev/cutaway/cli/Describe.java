package dev.cutaway.cli;

import dev.cutaway.model.Description;
import dev.cutaway.model.Model;
import dev.cutaway.model.Sizes;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.TensorEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutaway describe}: what a model is made of, without running it. */
@Command(
        name = "describe",
        description = "Parameters by component, multiply-adds, memory; also of a config.json alone.")
final class Describe implements Runnable {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        try (Out out = new Out()) {
            Optional<Path> config = configAlone();
            if (config.isPresent()) {
                print(out, Description.of(config.get()), 0);
                return;
            }
            try (Model opened = model.open()) {
                print(out, opened.describe(), fileBytes(opened.checkpoint()));
            }
        }
    }

    /** The configuration's file, if there are no weights beside it. */
    private Optional<Path> configAlone() {
        Path path = model.path().orElse(null);
        if (path == null) {
            return Optional.empty();
        }
        if (Files.isRegularFile(path) && path.toString().endsWith(".json")) {
            return Optional.of(path);
        }
        boolean weights = Files.exists(path.resolve("model.safetensors"))
                || Files.exists(path.resolve("model.safetensors.index.json"));
        Path config = path.resolve("config.json");
        return Files.isDirectory(path) && Files.isRegularFile(config) && !weights
                ? Optional.of(config)
                : Optional.empty();
    }

    private static long fileBytes(Checkpoint checkpoint) {
        return checkpoint.names().stream()
                .flatMap(n -> checkpoint.entry(n).stream())
                .mapToLong(TensorEntry::bytes)
                .sum();
    }

    private void print(Out out, Description d, long fileBytes) {
        if (json) {
            out.line(Json.of(object(d, fileBytes)));
        } else {
            table(out, d, fileBytes);
        }
    }

    private static Map<String, Object> object(Description d, long fileBytes) {
        Sizes s = d.sizes();
        List<Map<String, Object>> rows = d.rows().stream()
                .map(r -> Json.object(
                        "component", r.component(),
                        "shape", r.shape(),
                        "count", r.count(),
                        "parameters", r.parameters(),
                        "matrix", r.matrix(),
                        "shared", r.shared()))
                .toList();
        Map<String, Object> all = Json.object(
                "name",
                d.name(),
                "architecture",
                d.architecture(),
                "parameters",
                d.parameters(),
                "matrices",
                d.matrices());
        all.put("tied", d.tied());
        all.put(
                "sizes",
                Json.object(
                        "layers", s.layers(),
                        "heads", s.heads(),
                        "key_value_heads", s.keyValueHeads(),
                        "head_size", s.headSize(),
                        "width", s.width(),
                        "hidden", s.hidden(),
                        "vocabulary", s.vocabulary(),
                        "context", s.context(),
                        "learned_positions", s.learnedPositions()));
        all.put("components", rows);
        all.put("flops_per_token", 2 * d.macsPerToken());
        all.put("flops_per_token_full_context", 2 * d.macsPerTokenFull());
        all.put("weight_bytes", fileBytes > 0 ? fileBytes : 2 * d.parameters());
        all.put("weight_bytes_of", fileBytes > 0 ? "file" : "16 bits a parameter");
        all.put("cache_bytes_per_token", d.cacheBytesPerToken());
        all.put("cache_bytes_full_context", d.cacheBytesPerToken() * s.context());
        all.put("recording_bytes_per_token", d.recordBytesPerToken());
        all.put("constants", d.constants());
        return all;
    }

    private static void table(Out out, Description d, long fileBytes) {
        Sizes s = d.sizes();
        out.line(d.name() + ": " + d.architecture());
        out.line("  " + s.layers() + " blocks, width " + s.width() + ", " + s.heads() + " heads of " + s.headSize()
                + (s.keyValueHeads() == s.heads() ? "" : " sharing " + s.keyValueHeads() + " keys and values")
                + ", " + s.hidden() + " neurons, " + (s.vocabulary() > 0 ? s.vocabulary() + " tokens, " : "")
                + s.context() + " positions");
        out.line("");
        Table table = new Table("component", "shape", "times", "parameters", "of matrices");
        for (Description.Row r : d.rows()) {
            table.row(
                    r.component(),
                    r.shape(),
                    Integer.toString(r.count()),
                    r.shared() ? "" : count(r.parameters()),
                    r.matrix() ? count(r.parameters()) : "");
        }
        table.row("all", "", "", count(d.parameters()), count(d.matrices()));
        table.print(out);
        out.line("");
        facts(d, fileBytes).forEach(out::line);
    }

    private static List<String> facts(Description d, long fileBytes) {
        List<String> lines = new ArrayList<>();
        lines.add("Parameters       " + count(d.parameters()) + " in all; " + count(d.matrices())
                + " in matrices, without biases, norms and positions"
                + (d.tied() ? ", the tied unembedding counted beside the embedding" : ""));
        if (d.sizes().vocabulary() > 0) {
            lines.add("Unembedding      " + (d.tied() ? "tied: the embedding again" : "a matrix of its own, or none"));
        }
        lines.add("FLOPs per token  " + scaled(2.0 * d.macsPerToken(), 1000, "") + " at the start of a text, "
                + scaled(2.0 * d.macsPerTokenFull(), 1000, "") + " at the end of a full context");
        lines.add("Weights          "
                + (fileBytes > 0
                        ? bytes(fileBytes) + " in the file"
                        : bytes(2 * d.parameters()) + " at 16 bits, " + bytes(d.parameters() * 34 / 32) + " as q8_0, "
                                + bytes(d.parameters() * 18 / 32) + " as q4_0"));
        lines.add("KV cache         " + bytes(d.cacheBytesPerToken()) + " per token, "
                + bytes(d.cacheBytesPerToken() * d.sizes().context()) + " for a full context");
        lines.add("Recording        " + bytes(d.recordBytesPerToken()) + " per token");
        lines.add("Constants        " + String.join("\n                 ", d.constants()));
        return lines;
    }

    private static String count(long n) {
        return String.format(java.util.Locale.ROOT, "%,d", n);
    }

    static String bytes(long n) {
        return scaled((double) n, 1024, "B");
    }

    private static String scaled(double n, int step, String unit) {
        String[] prefixes = step == 1000
                ? new String[] {"", " thousand", " million", " billion", " trillion", " quadrillion"}
                : new String[] {" ", " Ki", " Mi", " Gi", " Ti", " Pi"};
        int i = 0;
        double x = n;
        while (x >= step && i < prefixes.length - 1) {
            x /= step;
            i++;
        }
        String digits = i == 0 ? Long.toString((long) x) : String.format(java.util.Locale.ROOT, "%.4g", x);
        return digits + prefixes[i] + unit;
    }
}
