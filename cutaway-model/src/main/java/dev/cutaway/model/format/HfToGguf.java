package dev.cutaway.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.model.format.GgufArchitecture.Quirk;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A Hugging Face model as the keys and tensors of a GGUF file, changed as llama.cpp's converter changes them (see
 * {@link GgufModel} for what that is); the data is read when it is written.
 */
final class HfToGguf {
    private final Path directory;
    private final Checkpoint model;
    private final JsonNode config;
    private final GgufArchitecture architecture;
    private final List<String> notes = new ArrayList<>();

    HfToGguf(Path directory, Checkpoint model) {
        this.directory = directory;
        this.model = model;
        JsonNode read = JsonFiles.readIfThere(directory.resolve("config.json"));
        JsonNode inner = read.path("text_config");
        config = inner.isObject() ? inner : read;
        String type = config.path("model_type").asText("");
        architecture = GgufArchitecture.ofModelType(type)
                .orElseThrow(() -> new BadInputException(directory.resolve("config.json") + ": key model_type is \""
                        + type + "\", which has no place in GGUF here; " + GgufArchitecture.known() + " have"));
    }

    /** What was left out, in words. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /** The metadata. */
    SequencedMap<String, GgufValue> keys(QuantPlan plan) {
        SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
        keys.put("general.architecture", GgufValue.of(architecture.name()));
        keys.put("general.type", GgufValue.of("model"));
        Path last = directory.toAbsolutePath().normalize().getFileName();
        keys.put("general.name", GgufValue.of(last == null ? "model" : last.toString()));
        keys.put("general.file_type", GgufValue.of(plan.fileType()));
        keys.put("general.quantization_version", GgufValue.of(2));
        keys.putAll(GgufKeys.of(directory.resolve("config.json"), config, architecture));
        int rows = embeddingRows();
        keys.put(architecture.name() + ".vocab_size", GgufValue.of(rows));
        if (architecture.name().equals("bert")) {
            pooling().ifPresent(p -> keys.put("bert.pooling_type", GgufValue.of(p)));
        }
        keys.putAll(GgufVocabulary.of(directory, config, rows));
        return keys;
    }

    private int embeddingRows() {
        for (String name : model.names()) {
            if (ggufName(name).equals(Optional.of("token_embd.weight"))) {
                return Math.toIntExact(model.require(name).dim(0));
            }
        }
        throw new BadInputException(model.file() + ": no tensor holds the token embedding of "
                + architecture.modelType() + "; the checkpoint is incomplete");
    }

    private Optional<Integer> pooling() {
        JsonNode pooling = JsonFiles.readIfThere(directory.resolve("1_Pooling").resolve("config.json"));
        if (pooling.path("pooling_mode_mean_tokens").asBoolean(false)) {
            return Optional.of(1);
        }
        if (pooling.path("pooling_mode_cls_token").asBoolean(false)) {
            return Optional.of(2);
        }
        return pooling.path("pooling_mode_lasttoken").asBoolean(false) ? Optional.of(3) : Optional.empty();
    }

    /** GGUF's name of a tensor, whether the checkpoint has the prefix of the whole model or not. */
    private Optional<String> ggufName(String name) {
        Optional<String> known = architecture.gguf(name);
        for (String prefix : List.of("model.", "transformer.", "gpt_neox.")) {
            known = known.or(() -> architecture.gguf(prefix + name));
        }
        for (String prefix : List.of("bert.", "language_model.", "model.language_model.")) {
            if (name.startsWith(prefix)) {
                String rest = name.substring(prefix.length())
                        .replace(".gamma", ".weight")
                        .replace(".beta", ".bias");
                known = known.or(() -> architecture.gguf(rest)).or(() -> architecture.gguf("model." + rest));
            }
        }
        return known;
    }

    /** The tensors in the file's order, with the types of the plan. */
    List<StreamedTensor> tensors(QuantPlan plan) {
        SequencedMap<String, String> names = names();
        boolean tied = !names.containsKey("output.weight");
        int blocks = (int) names.keySet().stream()
                .filter(n -> n.contains("blk.") && n.endsWith("ffn_down.weight"))
                .count();
        List<StreamedTensor> tensors = new ArrayList<>();
        extra().forEach((name, divisors) -> tensors.add(StreamedTensor.of(name, divisors)));
        names.forEach((gguf, name) -> {
            TensorEntry entry = model.entry(name).orElseThrow();
            List<Long> shape = transposed(name, entry) ? entry.shape().reversed() : entry.shape();
            DType dtype = plan.of(gguf, shape, tied, blocks);
            tensors.add(new StreamedTensor(gguf, dtype, shape, source(name, entry)));
        });
        return tensors;
    }

    private SequencedMap<String, String> names() {
        SequencedMap<String, String> names = new LinkedHashMap<>();
        Set<String> left = new TreeSet<>();
        boolean tied = config.path("tie_word_embeddings").asBoolean(tiedByDefault());
        boolean needsHead = Set.of("olmo2", "gptneox").contains(architecture.name());
        for (String name : model.names()) {
            Optional<String> gguf = ggufName(name);
            if (gguf.isEmpty()) {
                if (!isBuffer(name)) {
                    left.add(name);
                }
            } else if (!(tied && gguf.get().equals("output.weight") && !needsHead)) {
                names.putIfAbsent(gguf.get(), name);
            }
        }
        if (needsHead && !names.containsKey("output.weight") && names.containsKey("token_embd.weight")) {
            names.put("output.weight", names.getOrDefault("token_embd.weight", ""));
        }
        if (!left.isEmpty()) {
            notes.add("GGUF's " + architecture.name() + " has no place for " + left.size()
                    + " tensors, which are left out: "
                    + String.join(", ", left.stream().limit(8).toList()) + (left.size() > 8 ? " ..." : ""));
        }
        return names;
    }

    private boolean tiedByDefault() {
        return switch (architecture.name()) {
            case "gpt2", "gemma2", "gemma3", "t5", "bert" -> true;
            default -> false;
        };
    }

    /** Tables and masks that old checkpoints hold and every program computes itself; copies of T5's shared embedding. */
    private static boolean isBuffer(String name) {
        return name.endsWith(".attn.bias")
                || name.endsWith(".attn.masked_bias")
                || name.endsWith(".attention.bias")
                || name.endsWith(".attention.masked_bias")
                || name.endsWith("rotary_emb.inv_freq")
                || name.endsWith("position_ids")
                || name.endsWith("coder.embed_tokens.weight");
    }

    private boolean transposed(String name, TensorEntry entry) {
        return architecture.has(Quirk.TRANSPOSED)
                && entry.shape().size() == 2
                && (name.contains(".c_attn.") || name.contains(".c_proj.") || name.contains(".c_fc."));
    }

    private Function<Arena, Tensor> source(String name, TensorEntry entry) {
        if (transposed(name, entry)) {
            return arena -> model.require(name).transposed(arena);
        }
        if (architecture.has(Quirk.NORM_PLUS_ONE) && name.endsWith("norm.weight")) {
            return _ -> Layouts.plus(model.require(name), 1);
        }
        if (architecture.has(Quirk.PAIRED_ROTATION) && (name.contains(".q_proj.") || name.contains(".k_proj."))) {
            return _ -> RowOrder.halvesToPairs(headSize(name, entry)).apply(model.require(name));
        }
        if (architecture.has(Quirk.SPLIT_QKV) && name.contains(".query_key_value.")) {
            long heads = number("num_attention_heads", 1);
            return _ -> RowOrder.partsTogether(heads, headSize(name, entry)).apply(model.require(name));
        }
        return _ -> model.require(name);
    }

    private long number(String key, long least) {
        return Math.max(least, config.path(key).asLong(least));
    }

    private long headSize(String name, TensorEntry entry) {
        long heads = number("num_attention_heads", 1);
        long size = number("head_dim", 0) > 0 ? number("head_dim", 0) : number("hidden_size", 0) / heads;
        if (size < 2
                || size % 2 != 0
                || entry.shape().isEmpty()
                || entry.shape().getFirst() % size != 0) {
            throw new BadInputException(model.file(name) + ": tensor " + name + " of shape " + entry.shape()
                    + " does not consist of heads of " + size + ", as config.json has it");
        }
        return size;
    }

    /** Tables of rotary scalings that GGUF keeps as tensors. */
    private SequencedMap<String, Tensor> extra() {
        SequencedMap<String, Tensor> extra = new LinkedHashMap<>();
        JsonNode rope = GgufKeys.ropeOf(config);
        switch (GgufKeys.ropeType(rope)) {
            case "llama3" -> {
                int size = (int)
                        (number("head_dim", 0) > 0
                                ? number("head_dim", 0)
                                : number("hidden_size", 0) / number("num_attention_heads", 1));
                extra.put(
                        "rope_freqs.weight",
                        Tensor.of(Llama3Rope.divisors(
                                rope.path("rope_theta")
                                        .asDouble(config.path("rope_theta").asDouble(10000)),
                                size,
                                rope.path("factor").asDouble(8),
                                rope.path("low_freq_factor").asDouble(1),
                                rope.path("high_freq_factor").asDouble(4),
                                rope.path("original_max_position_embeddings").asDouble(8192))));
            }
            case "longrope", "su" -> {
                extra.put("rope_factors_long.weight", vector(rope.path("long_factor")));
                extra.put("rope_factors_short.weight", vector(rope.path("short_factor")));
            }
            default -> {
                // needs no table
            }
        }
        return extra;
    }

    private static Tensor vector(JsonNode numbers) {
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) numbers.path(i).asDouble();
        }
        return Tensor.of(values);
    }
}
