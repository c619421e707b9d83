package dev.cutaway.model.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutaway.model.Config;
import dev.cutaway.model.format.Checkpoint;
import dev.cutaway.model.format.TensorEntry;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An adapter as PEFT keeps it: {@code adapter_config.json} and {@code adapter_model.safetensors} in a directory. Sizes are checked when it is opened. */
public final class Adapter implements AutoCloseable {
    /** The file that says how the adapter is made. */
    public static final String CONFIG = "adapter_config.json";

    /** The file that holds its tensors. */
    public static final String TENSORS = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";
    private static final int MAX_CONFIG_BYTES = 4 << 20;

    private final Path directory;
    private final Config json;
    private final LoraConfig config;
    private final Checkpoint file;
    private final Map<String, Pair> pairs = new LinkedHashMap<>();
    private final Map<String, String> saved = new LinkedHashMap<>();

    /**
     * A and B of one module.
     *
     * @param a A's name in the file, {@code [rank, in]}
     * @param b B's name in the file, {@code [out, rank]}
     */
    record Pair(String a, String b) {}

    private Adapter(Path directory, Config json, LoraConfig config, Checkpoint file) {
        this.directory = directory;
        this.json = json;
        this.config = config;
        this.file = file;
    }

    /** Whether a directory holds an adapter. */
    public static boolean isIn(Path directory) {
        return Files.isRegularFile(directory.resolve(CONFIG));
    }

    /**
     * Opens an adapter.
     *
     * @throws BadInputException if it is none, of an unknown kind, or damaged
     */
    public static Adapter open(Path directory) {
        Config json = json(directory);
        LoraConfig config = config(json);
        Path tensors = directory.resolve(TENSORS);
        if (!Files.exists(tensors)) {
            boolean pickled = Files.exists(directory.resolve("adapter_model.bin"));
            throw new BadInputException(directory + ": holds no " + TENSORS
                    + (pickled
                            ? ", only adapter_model.bin, a Python program that is not run; save it with safetensors"
                            : "; the adapter is incomplete"));
        }
        Adapter a = new Adapter(directory, json, config, Checkpoint.open(tensors));
        try {
            a.sort();
        } catch (RuntimeException e) {
            a.close();
            throw e;
        }
        return a;
    }

    private static Config json(Path directory) {
        Path file = directory.resolve(CONFIG);
        try {
            if (!Files.isRegularFile(file)) {
                throw new BadInputException(directory + ": holds no " + CONFIG + "; it is no adapter's directory");
            }
            if (Files.size(file) > MAX_CONFIG_BYTES) {
                throw new BadInputException(
                        file + ": has " + Files.size(file) + " bytes; at most " + MAX_CONFIG_BYTES + " are read");
            }
            Map<String, Object> values =
                    new ObjectMapper().readValue(Files.readString(file), new TypeReference<Map<String, Object>>() {});
            if (values == null) {
                throw new BadInputException(file + ": is null; it must hold a JSON object");
            }
            return new Config(file.toString(), values);
        } catch (JsonProcessingException e) {
            throw new BadInputException(file + ": is not a JSON object; check that the file is complete", e);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    private static LoraConfig config(Config c) {
        String type = c.text("peft_type", "LORA");
        if (!type.equals("LORA")) {
            throw c.bad("peft_type", "is \"" + type + "\"; only LORA is known");
        }
        for (String key : List.of("use_dora", "lora_bias", "use_qalora")) {
            if (c.flag(key, false)) {
                throw c.bad(key, "is true; only plain LoRA is known");
            }
        }
        for (String key : List.of(
                "alora_invocation_tokens",
                "trainable_token_indices",
                "layer_replication",
                "target_parameters",
                "use_bdlora",
                "kasa_config",
                "monteclora_config",
                "velora_config")) {
            Object v = c.values().get(key);
            if (v != null && !v.equals(false) && !v.equals(List.of()) && !v.equals(Map.of())) {
                throw c.bad(key, "is set; only plain LoRA is known");
            }
        }
        if (!c.text("bias", "none").equals("none")) {
            throw c.bad("bias", "is \"" + c.text("bias", "none") + "\"; only none is known");
        }
        int rank = c.positive("r", 8);
        if (rank > LoraConfig.MAX_RANK) {
            throw c.bad("r", "is " + rank + "; it must be at most " + LoraConfig.MAX_RANK);
        }
        Map<String, Integer> ranks = new HashMap<>();
        c.inner("rank_pattern").ifPresent(p -> p.values().keySet().forEach(k -> ranks.put(k, p.positive(k))));
        Map<String, Double> alphas = new HashMap<>();
        c.inner("alpha_pattern").ifPresent(p -> p.values().keySet().forEach(k -> alphas.put(k, p.real(k))));
        // Which modules have one, the tensors say: the targets are kept for whoever trains on.
        Object t = c.values().get("target_modules");
        List<String> names = t instanceof String ? List.of() : c.texts("target_modules");
        LoraConfig.Targets targets = t instanceof String s
                ? LoraConfig.Targets.of(s)
                : new LoraConfig.Targets.Suffixes(names.isEmpty() ? List.of("lm_head") : names);
        try {
            return new LoraConfig(
                    rank,
                    c.real("lora_alpha", 8),
                    c.real("lora_dropout", 0),
                    c.flag("use_rslora", false),
                    targets,
                    c.texts("modules_to_save"),
                    ranks,
                    alphas);
        } catch (UsageException e) {
            throw new BadInputException(c.file() + ": " + e.getMessage(), e);
        }
    }

    /** Finds out what each tensor is. */
    private void sort() {
        Map<String, String> as = new LinkedHashMap<>();
        Map<String, String> bs = new LinkedHashMap<>();
        for (String key : file.names()) {
            String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
            TensorEntry e = file.entry(key).orElseThrow();
            if (e.dtype()
                    .filter(d -> d == DType.F32 || d == DType.F16 || d == DType.BF16 || d == DType.F64)
                    .isEmpty()) {
                throw bad(key, "has dtype " + e.dtypeName() + "; convert the adapter to f32, f16 or bf16");
            }
            Optional<String> a = module(name, ".lora_A");
            Optional<String> b = module(name, ".lora_B");
            if (a.isPresent()) {
                as.put(a.get(), key);
            } else if (b.isPresent()) {
                bs.put(b.get(), key);
            } else if (name.contains("lora_") || !name.endsWith(".weight") && !name.endsWith(".bias")) {
                throw bad(key, "is of a kind that is not known; only LoRA of matrices is, and modules saved whole");
            } else {
                saved.put(name.replaceFirst("\\.modules_to_save(\\.[^.]+)?(?=\\.)", ""), key);
            }
        }
        as.forEach((module, a) -> {
            String b = bs.remove(module);
            if (b == null) {
                throw bad(a, "has no lora_B beside it; the file is incomplete");
            }
            check(module, a, b);
            pairs.put(module, new Pair(a, b));
        });
        if (!bs.isEmpty()) {
            throw bad(bs.values().iterator().next(), "has no lora_A beside it; the file is incomplete");
        }
        if (pairs.isEmpty() && saved.isEmpty()) {
            throw new BadInputException(file.file() + ": holds no tensor; the adapter is empty");
        }
    }

    /** The module of {@code MODULE.lora_A.weight} or {@code MODULE.lora_A.default.weight}. */
    private static Optional<String> module(String name, String part) {
        int at = name.lastIndexOf(part + ".");
        return at > 0 && name.substring(at + part.length()).matches("(\\.[^.]+)?\\.weight")
                ? Optional.of(name.substring(0, at))
                : Optional.empty();
    }

    private void check(String module, String a, String b) {
        long[] rows = file.entry(a).orElseThrow().dims();
        long[] columns = file.entry(b).orElseThrow().dims();
        int rank = config.rank(module);
        if (rows.length != 2 || rows[0] != rank) {
            throw bad(a, "has shape " + java.util.Arrays.toString(rows) + ", but " + rank + " rows are needed (r)");
        }
        if (columns.length != 2 || columns[1] != rank) {
            throw bad(
                    b, "has shape " + java.util.Arrays.toString(columns) + ", but " + rank + " columns are needed (r)");
        }
    }

    private BadInputException bad(String tensor, String what) {
        return new BadInputException(file.file() + ": tensor " + tensor + " " + what);
    }

    /** Where it lies. */
    public Path directory() {
        return directory;
    }

    /** How it was made. */
    public LoraConfig config() {
        return config;
    }

    /** What its configuration calls the model that it belongs to; empty if it does not say. */
    public Optional<String> base() {
        String base = json.text("base_model_name_or_path", "");
        return base.isBlank() ? Optional.empty() : Optional.of(base);
    }

    /** What the configuration of an adapter calls the model that it belongs to. */
    public static Optional<String> base(Path directory) {
        String base = json(directory).text("base_model_name_or_path", "");
        return base.isBlank() ? Optional.empty() : Optional.of(base);
    }

    Checkpoint file() {
        return file;
    }

    /** By module, as the file names it. */
    Map<String, Pair> pairs() {
        return Collections.unmodifiableMap(pairs);
    }

    /** Names in the file of tensors kept whole, by what the model calls them. */
    Map<String, String> saved() {
        return Collections.unmodifiableMap(saved);
    }

    /** Modules, for messages. */
    List<String> modules() {
        return new ArrayList<>(pairs.keySet());
    }

    @Override
    public void close() {
        file.close();
    }
}
