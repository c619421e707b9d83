package dev.cutaway.train.run;

import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All keys of a recipe, each declared once: for reading, for messages, and for the list in the documentation. */
public final class RecipeKeys {
    private static final long MANY = 1_000_000_000L;
    private static final double ANY = Double.MAX_VALUE;
    private static final long ANY_SEED = 1L << 53; // whole numbers that every reader of JSON keeps
    private static final Map<String, Key> ALL = new LinkedHashMap<>();

    static {
        List.of(
                        Key.text(
                                "model.init",
                                "",
                                "The model to begin with: a directory, a .gguf file, an embedded model's name, hf:owner/name."),
                        Key.text(
                                "model.architecture",
                                "",
                                "Instead of init: a model_type; the other keys below model are those of its config.json."),
                        Key.open(
                                "tokenizer",
                                "{file: PATH}, or {train: KIND, ...}, trained on the texts of data; by default the one beside model.init."),
                        Key.choice(
                                "objective",
                                "",
                                "What is learnt; by default what the model's family is for.",
                                "next-token",
                                "masked",
                                "masked+next-sentence",
                                "sequence-to-sequence",
                                "classify"),
                        Key.open("data", "What is learnt from (see the data section)."),
                        Key.open("valid", "What is measured with: keys that differ from data's."),
                        Key.whole(
                                        "valid_every",
                                        "",
                                        1,
                                        MANY,
                                        "Steps between measurements; checkpoint_every by default.")
                                .free(),
                        Key.whole("context", "", 1, MANY, "Tokens of a sequence at most; the model's by default."),
                        Key.whole("batch", "8", 1, 1 << 20, "Examples of a step."),
                        Key.whole(
                                        "accumulate",
                                        "1",
                                        1,
                                        1 << 20,
                                        "Pieces that a step's batch is computed in, one after the other, to save memory.")
                                .free(),
                        Key.flag(
                                        "recompute",
                                        "false",
                                        "Whether blocks are computed again for the way back: less memory, a third more time.")
                                .free(),
                        Key.whole("steps", "", 1, MANY, "Steps of the run."),
                        Key.choice("optimizer.name", "adamw", "The optimiser.", "adamw", "sgd", "muon", "lion"),
                        Key.real("optimizer.lr", "1e-3", 0, ANY, "The learning rate, which the schedule multiplies."),
                        Key.reals(
                                "optimizer.betas",
                                "",
                                0,
                                1,
                                "What is kept of the means: [0.9, 0.999] by default, [0.9, 0.99] for lion."),
                        Key.real("optimizer.eps", "1e-8", 0, ANY, "AdamW: added to the root of the mean square."),
                        Key.real(
                                "optimizer.momentum",
                                "",
                                0,
                                1,
                                "sgd and muon: what is kept of the last direction; 0 and 0.95 by default."),
                        Key.real(
                                "optimizer.weight_decay",
                                "",
                                0,
                                ANY,
                                "Decoupled weight decay; 0.01 by default, 0.1 for muon, 0 for sgd and lion."),
                        Key.choice(
                                "optimizer.adjust",
                                "match-rms-adamw",
                                "muon: how the rate depends on a matrix's shape.",
                                "match-rms-adamw",
                                "original",
                                "spectral-unclamped"),
                        Key.real(
                                "optimizer.others_lr",
                                "",
                                0,
                                ANY,
                                "muon: the rate of what AdamW updates; lr by default."),
                        Key.real(
                                "optimizer.clip",
                                "0",
                                0,
                                ANY,
                                "Longer gradients are shortened to this norm; 0: never."),
                        Key.texts(
                                "optimizer.no_decay",
                                "Globs over checkpoint names that are not decayed; by default all of one dimension."),
                        Key.choice(
                                "schedule.name",
                                "constant",
                                "How the learning rate falls.",
                                "constant",
                                "linear",
                                "cosine",
                                "wsd"),
                        Key.whole("schedule.warmup", "0", 0, MANY, "Steps in which the rate rises from 0."),
                        Key.real("schedule.min_lr", "0", 0, ANY, "The rate at the end."),
                        Key.whole(
                                "schedule.decay",
                                "",
                                0,
                                MANY,
                                "wsd: steps in which the rate falls; a tenth by default."),
                        Key.real("label_smoothing", "0", 0, 1, "Share of each label that is given to all others."),
                        Key.real(
                                "dropout",
                                "0",
                                0,
                                0.99,
                                "Share of the numbers that is made 0 at random, of what enters the blocks and what each branch adds."),
                        Key.text(
                                "teacher.init",
                                "",
                                "A trained classifier of images, which the model learns from too: its distillation_logits if it has"
                                        + " them, else its logits."),
                        Key.choice(
                                "teacher.kind",
                                "hard",
                                "What is learnt from the teacher: the class that it chooses, or its softened distribution.",
                                "hard",
                                "soft"),
                        Key.real(
                                "teacher.factor",
                                "0.5",
                                0,
                                1,
                                "How much the teacher counts; the labels count the rest."),
                        Key.real("teacher.temperature", "3", 1e-3, 1e3, "soft: what logits are divided by."),
                        Key.texts("freeze", "Globs over checkpoint names that stay as they are."),
                        Key.whole(
                                "lora.rank",
                                "",
                                1,
                                1 << 16,
                                "Trains a low-rank adapter alone: rows of its A, columns of its B; 8 by default."),
                        Key.real("lora.alpha", "", -ANY, ANY, "B A counts alpha / rank times; 8 by default."),
                        Key.texts(
                                "lora.targets",
                                "Names of the matrices that have one (q_proj), all-linear, or a regular expression for whole names."),
                        Key.texts("lora.modules_to_save", "Names of modules that are trained whole."),
                        Key.real(
                                "lora.dropout",
                                "",
                                0,
                                0.99,
                                "Share of what enters A that is made 0 at random; 0 by default."),
                        Key.flag("lora.rslora", "", "Whether B A counts alpha / sqrt(rank) times."),
                        Key.open("lora.rank_pattern", "Other ranks for some modules, by name or regular expression."),
                        Key.open("lora.alpha_pattern", "Other alphas for some modules."),
                        Key.whole("seed", "0", -ANY_SEED, ANY_SEED, "Of everything random."),
                        Key.whole(
                                        "checkpoint_every",
                                        "",
                                        1,
                                        MANY,
                                        "Steps between checkpoints; a tenth of the run by default.")
                                .free(),
                        Key.whole(
                                        "snapshots_every",
                                        "0",
                                        0,
                                        MANY,
                                        "Steps between models under OUT/snapshots, all of which stay, to replay the training; 0: none.")
                                .free(),
                        Key.choice("keep", "last", "Which weights out holds in the end.", "last", "best")
                                .free(),
                        Key.text("log", "", "A line of JSON each step; OUT/log.jsonl by default.")
                                .free(),
                        Key.text("out", "", "The directory that the model and the run are written to.")
                                .free(),
                        Key.texts("samples.prompts", "Texts that the model goes on with now and then.")
                                .free(),
                        Key.whole("samples.every", "", 1, MANY, "Steps between samples; checkpoint_every by default.")
                                .free(),
                        Key.whole("samples.max_tokens", "40", 1, 1 << 20, "Tokens of a sample at most.")
                                .free(),
                        Key.real("samples.temperature", "0", 0, 1e6, "Of samples; 0 takes the likeliest.")
                                .free(),
                        Key.whole(
                                        "watch_every",
                                        "10",
                                        0,
                                        MANY,
                                        "Steps between norms by layer in OUT/run.jsonl; 0: none.")
                                .free(),
                        Key.text("tensorboard", "", "A directory for TensorBoard's event files.")
                                .free(),
                        Key.whole("threads", "", 1, 1024, "Threads that compute; --threads by default.")
                                .free())
                .forEach(k -> ALL.put(k.path(), k));
    }

    private final String file;
    private final Map<String, Object> tree;

    /**
     * Checks every key and value of a recipe.
     *
     * @throws UsageException if a key is not known, or a value cannot be
     */
    RecipeKeys(String file, Map<String, Object> tree) {
        this.file = file;
        this.tree = tree;
        check("", tree);
        ALL.values().forEach(this::read);
    }

    /** All keys, for the documentation. */
    static List<Key> all() {
        return List.copyOf(ALL.values());
    }

    /** The keys as lines: name, kind and default, meaning. */
    public static List<String> lines() {
        List<String> out = new ArrayList<>();
        for (Key k : ALL.values()) {
            out.add(String.format("%-24s %-16s %-13s %s", k.path(), kind(k), k.otherwise(), k.doc())
                    .stripTrailing());
        }
        return out;
    }

    private static String kind(Key k) {
        return k.choices().isEmpty() ? k.kind().shown() : "word";
    }

    /** The keys as a table of Markdown. */
    public static List<String> table() {
        List<String> out = new ArrayList<>(List.of("| key | value | default | meaning |", "|---|---|---|---|"));
        for (Key k : ALL.values()) {
            String value = k.choices().isEmpty() ? k.kind().shown() : "`" + String.join("`, `", k.choices()) + "`";
            String otherwise = k.otherwise().isEmpty() ? "" : "`" + k.otherwise() + "`";
            out.add("| `" + k.path() + "` | " + value + " | " + otherwise + " | "
                    + k.doc().replace("|", "\\|") + " |");
        }
        return out;
    }

    private static Set<String> sections() {
        Set<String> s = new LinkedHashSet<>();
        ALL.keySet().stream().filter(p -> p.contains(".")).forEach(p -> s.add(p.substring(0, p.indexOf('.'))));
        return s;
    }

    @SuppressWarnings("unchecked")
    private void check(String prefix, Map<String, Object> map) {
        map.forEach((k, v) -> {
            String path = prefix + k;
            Key key = ALL.get(path);
            if (key != null || prefix.equals("model.")) {
                return; // fields of a configuration are known to its architecture only
            }
            if (prefix.isEmpty() && sections().contains(k)) {
                if (!(v instanceof Map)) {
                    throw new UsageException(file + ": " + path + " is " + shown(v) + "; it must be a map of keys");
                }
                check(path + ".", (Map<String, Object>) v);
                return;
            }
            List<String> known = new ArrayList<>(ALL.keySet());
            known.addAll(sections());
            throw new UsageException(file + ": key " + path + " is not known; did you mean " + nearest(path, known)
                    + "? (cutaway train --keys lists all)");
        });
    }

    /** Of keys in the same section if the section is right; a key of a section may have been put outside it. */
    private static String nearest(String path, List<String> known) {
        String section = path.contains(".") ? path.substring(0, path.indexOf('.') + 1) : "";
        List<String> same = known.stream()
                .filter(k -> section.isEmpty() ? !k.contains(".") : k.startsWith(section))
                .toList();
        List<String> moved = known.stream()
                .filter(k -> k.substring(k.lastIndexOf('.') + 1).equals(path.substring(path.lastIndexOf('.') + 1)))
                .toList();
        return moved.isEmpty() ? Nearest.of(path, same.isEmpty() ? known : same) : moved.getFirst();
    }

    private @Nullable Object value(String path) {
        int dot = path.indexOf('.');
        if (dot < 0) {
            return tree.get(path);
        }
        return tree.get(path.substring(0, dot)) instanceof Map<?, ?> m ? m.get(path.substring(dot + 1)) : null;
    }

    private Optional<Object> read(Key k) {
        Object v = value(k.path());
        if (v == null && !k.otherwise().isEmpty()) {
            Object parsed = RecipeFile.parse("v: " + k.otherwise(), k.path()).get("v");
            return Optional.ofNullable(parsed).map(o -> checked(k, o));
        }
        return Optional.ofNullable(v).map(o -> checked(k, o));
    }

    private Object checked(Key k, Object v) {
        return switch (k.kind()) {
            case TEXT -> {
                if (v instanceof Map || v instanceof List || v instanceof Boolean) {
                    throw bad(k, v, "a text");
                }
                String s = String.valueOf(v);
                if (!k.choices().isEmpty() && !k.choices().contains(s)) {
                    throw new UsageException(file + ": " + k.path() + " is " + shown(v) + "; did you mean "
                            + Nearest.of(s, k.choices()) + "? (" + String.join(", ", k.choices()) + ")");
                }
                yield s;
            }
            case WHOLE -> whole(k, v);
            case REAL -> number(k, v);
            case FLAG -> {
                if (!(v instanceof Boolean)) {
                    throw bad(k, v, "true or false");
                }
                yield v;
            }
            case TEXTS -> {
                List<?> all = v instanceof List<?> l ? l : List.of(v);
                if (all.stream().anyMatch(o -> o instanceof Map || o instanceof List)) {
                    throw bad(k, v, "a list of texts");
                }
                yield all.stream().map(String::valueOf).toList();
            }
            case REALS -> {
                List<?> all = v instanceof List<?> l ? l : List.of(v);
                yield all.stream().map(o -> number(k, o)).toList();
            }
            case OPEN -> {
                if (!(v instanceof Map)) {
                    throw bad(k, v, "a map of keys");
                }
                yield v;
            }
        };
    }

    private Double number(Key k, Object v) {
        if (!(v instanceof Number n)
                || !Double.isFinite(n.doubleValue())
                || n.doubleValue() < k.min()
                || n.doubleValue() > k.max()) {
            String range = k.max() == ANY
                    ? "a number of at least " + plain(k.min())
                    : "a number from " + plain(k.min()) + " to " + plain(k.max());
            throw bad(k, v, range);
        }
        return n.doubleValue();
    }

    private Long whole(Key k, Object v) {
        boolean fits = v instanceof Number n
                && n.doubleValue() == Math.rint(n.doubleValue())
                && n.doubleValue() >= k.min()
                && n.doubleValue() <= k.max();
        if (!fits) {
            throw bad(k, v, "a whole number from " + plain(k.min()) + " to " + plain(k.max()));
        }
        return ((Number) v).longValue();
    }

    private UsageException bad(Key k, Object v, String must) {
        return new UsageException(file + ": " + k.path() + " is " + shown(v) + "; it must be " + must);
    }

    private static String plain(double x) {
        return x == Math.rint(x) ? Long.toString((long) x) : Double.toString(x);
    }

    static String shown(@Nullable Object v) {
        String s = String.valueOf(v);
        String cut = s.length() > 60 ? s.substring(0, 60) + "..." : s;
        return v instanceof String ? "\"" + cut + "\"" : cut;
    }

    private Key key(String path) {
        return Objects.requireNonNull(ALL.get(path), path);
    }

    /** Whether the recipe says anything about a key or a section. */
    boolean has(String path) {
        return value(path) != null;
    }

    Optional<String> text(String path) {
        return read(key(path)).map(String.class::cast);
    }

    String required(String path) {
        return text(path).orElseThrow(() -> missing(path));
    }

    UsageException missing(String path) {
        return new UsageException(
                file + ": " + path + " is missing (" + key(path).doc() + ")");
    }

    Optional<Long> whole(String path) {
        return read(key(path)).map(Long.class::cast);
    }

    boolean flag(String path) {
        return read(key(path)).map(Boolean.class::cast).orElse(false);
    }

    double real(String path) {
        return (Double) read(key(path)).orElseThrow();
    }

    double real(String path, double otherwise) {
        return read(key(path)).map(Double.class::cast).orElse(otherwise);
    }

    @SuppressWarnings("unchecked")
    List<String> texts(String path) {
        return read(key(path)).map(v -> (List<String>) v).orElse(List.of());
    }

    @SuppressWarnings("unchecked")
    List<Double> reals(String path) {
        return read(key(path)).map(v -> (List<Double>) v).orElse(List.of());
    }

    @SuppressWarnings("unchecked")
    Optional<Map<String, Object>> open(String path) {
        return read(key(path)).map(v -> (Map<String, Object>) v);
    }

    /** The fields of a configuration below {@code model}. */
    Map<String, Object> fields() {
        Map<String, Object> out = new LinkedHashMap<>();
        if (tree.get("model") instanceof Map<?, ?> m) {
            m.forEach((k, v) -> {
                if (!ALL.containsKey("model." + k)) {
                    out.put(String.valueOf(k), v);
                }
            });
        }
        return out;
    }

    /** What must not change while a run goes on: every such key with its value, defaults among them. */
    Map<String, Object> fixed() {
        Map<String, Object> out = new LinkedHashMap<>();
        for (Key k : ALL.values()) {
            if (!k.later()) {
                read(k).ifPresent(v -> out.put(k.path(), v));
            }
        }
        fields().forEach((k, v) -> out.put("model." + k, v));
        return out;
    }

    String file() {
        return file;
    }
}
