package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * GGUF metadata as the configuration that config.json would hold. What GGUF leaves out because llama.cpp has it in its code
 * (Gemma's pattern of windows, say) is filled in from there.
 */
final class GgufConfig {
    /** Texts that end a generation by their names, as llama.cpp treats them. */
    private static final Set<String> END_TOKENS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "<|eom_id|>",
            "< EOT >",
            "_< EOT >",
            "<EOT>",
            "<|end_of_text|>",
            "<end_of_utterance>");

    private final Gguf gguf;
    private final GgufMetadata keys;
    private final GgufArchitecture architecture;
    private final Map<String, Object> config = new LinkedHashMap<>();

    private GgufConfig(Gguf gguf, GgufArchitecture architecture) {
        this.gguf = gguf;
        this.keys = gguf.keys();
        this.architecture = architecture;
    }

    /** The configuration of a file. */
    static Map<String, Object> of(Gguf gguf, GgufArchitecture architecture) {
        GgufConfig builder = new GgufConfig(gguf, architecture);
        builder.build();
        return Collections.unmodifiableMap(builder.config);
    }

    private void build() {
        config.put("architectures", List.of(architecture.className()));
        config.put("model_type", architecture.modelType());
        if (integer("expert_count").orElse(0) > 0) {
            throw new BadInputException(gguf.file() + ": key " + key("expert_count") + " is "
                    + integer("expert_count").orElse(0) + "; mixtures of experts in GGUF files cannot be read");
        }
        switch (architecture.name()) {
            case "gpt2" -> gpt2();
            case "bert" -> bert();
            case "t5" -> t5();
            case "gptneox" -> gptNeox();
            default -> decoder();
        }
        config.put("vocab_size", vocabulary());
        config.put("tie_word_embeddings", !gguf.names().contains("output.weight"));
        specialTokens();
    }

    private String key(String name) {
        return architecture.name() + "." + name;
    }

    private Optional<Integer> integer(String name) {
        return keys.int32(key(name));
    }

    private int size(String name) {
        return keys.size(key(name));
    }

    /** The number of blocks, believed only if the file has as many tensors at least. */
    private int blocks() {
        int blocks = size("block_count");
        if (blocks > gguf.names().size()) {
            throw new BadInputException(gguf.file() + ": key " + key("block_count") + " is " + blocks
                    + ", but the file has " + gguf.names().size() + " tensors; the file is damaged, download it again");
        }
        return blocks;
    }

    /** A size that newer files give for each block; the blocks must agree. */
    private int perBlock(String name) {
        Optional<GgufValue> value = Optional.ofNullable(keys.values().get(key(name)));
        if (value.isPresent() && value.get().value() instanceof int[] each && each.length > 0) {
            if (Arrays.stream(each).distinct().count() > 1) {
                throw new BadInputException(gguf.file() + ": key " + key(name)
                        + " differs between blocks, which is not supported for " + architecture.name());
            }
            return each[0];
        }
        return size(name);
    }

    private void copyNumber(String name, String as) {
        keys.number(key(name)).ifPresent(v -> config.put(as, v));
    }

    private void copyInteger(String name, String as) {
        integer(name).ifPresent(v -> config.put(as, v));
    }

    private void common() {
        config.put("hidden_size", size("embedding_length"));
        config.put("num_hidden_layers", blocks());
        config.put("num_attention_heads", perBlock("attention.head_count"));
        config.put("intermediate_size", perBlock("feed_forward_length"));
        config.put("max_position_embeddings", size("context_length"));
    }

    private int heads() {
        int heads = perBlock("attention.head_count");
        if (heads < 1) {
            throw new BadInputException(gguf.file() + ": key " + key("attention.head_count") + " is " + heads
                    + ", which is no number of heads; the file is damaged, convert it again");
        }
        return heads;
    }

    private int headSize() {
        return integer("attention.key_length").orElseGet(() -> size("embedding_length") / heads());
    }

    private void decoder() {
        common();
        int heads = heads();
        boolean grouped = keys.has(key("attention.head_count_kv"));
        config.put("num_key_value_heads", grouped ? perBlock("attention.head_count_kv") : heads);
        config.put("head_dim", headSize());
        copyNumber("attention.layer_norm_rms_epsilon", "rms_norm_eps");
        config.put("rope_theta", keys.number(key("rope.freq_base")).orElse(10000.0));
        config.put("attention_bias", gguf.names().contains("blk.0.attn_q.bias"));
        config.put("mlp_bias", gguf.names().contains("blk.0.ffn_up.bias"));
        copyInteger("attention.sliding_window", "sliding_window");
        config.put("hidden_act", "silu");
        rope();
        switch (architecture.name()) {
            case "gemma2", "gemma3" -> gemma();
            case "phi3" -> phi3();
            case "llama" -> {
                if (config.containsKey("sliding_window")) {
                    config.put("model_type", "mistral");
                    config.put("architectures", List.of("MistralForCausalLM"));
                }
            }
            case "qwen2", "qwen3" -> config.put("use_sliding_window", config.containsKey("sliding_window"));
            default -> {
                // nothing of its own
            }
        }
    }

    /** Gemma's constants that llama.cpp keeps in its code (src/models/gemma2.cpp, gemma3.cpp). */
    private void gemma() {
        boolean third = architecture.name().equals("gemma3");
        config.remove("hidden_act");
        config.put("hidden_activation", "gelu_pytorch_tanh");
        int pattern = third ? 6 : 2;
        boolean windowed = !third || config.containsKey("sliding_window");
        if (!third) {
            config.putIfAbsent("sliding_window", 4096);
        }
        int layers = blocks();
        boolean largest = layers == (third ? 62 : 46); // the 27B models scale by width / heads
        config.put("query_pre_attn_scalar", largest ? size("embedding_length") / heads() : headSize());
        copyNumber("attn_logit_softcapping", "attn_logit_softcapping");
        copyNumber("final_logit_softcapping", "final_logit_softcapping");
        if (third) {
            config.put(
                    "rope_local_base_freq",
                    keys.number(key("rope.freq_base_swa")).orElse(10000.0));
            config.put("sliding_window_pattern", pattern);
        }
        Optional<boolean[]> told = Optional.ofNullable(keys.values().get(key("attention.sliding_window_pattern")))
                .flatMap(v ->
                        v.value() instanceof boolean[] b && b.length >= layers ? Optional.of(b) : Optional.empty());
        List<String> types = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            boolean full = told.isPresent() ? !told.get()[i] : (i + 1) % pattern == 0;
            types.add(full || !windowed ? "full_attention" : "sliding_attention");
        }
        config.put("layer_types", List.copyOf(types));
    }

    private void phi3() {
        long rotated = integer("rope.dimension_count").orElseGet(this::headSize);
        if (rotated != headSize()) {
            config.put("partial_rotary_factor", (double) rotated / headSize());
        }
        copyInteger("rope.scaling.original_context_length", "original_max_position_embeddings");
        if (config.get("sliding_window") instanceof Integer window && window == 0) {
            config.remove("sliding_window"); // how the converter says that there is none
        }
    }

    private void rope() {
        Map<String, Object> scaling = new LinkedHashMap<>();
        String type = keys.string(key("rope.scaling.type")).orElse("none");
        if (gguf.names().contains("rope_factors_long.weight")) {
            scaling.put("rope_type", "longrope");
            scaling.put("long_factor", list("rope_factors_long.weight"));
            scaling.put("short_factor", list("rope_factors_short.weight"));
        } else if (gguf.names().contains("rope_freqs.weight")) {
            scaling.putAll(Llama3Rope.recover(
                    list("rope_freqs.weight"),
                    keys.number(key("rope.freq_base")).orElse(10000.0),
                    headSize(),
                    size("context_length")));
        } else if (type.equals("linear") || type.equals("yarn")) {
            scaling.put("rope_type", type);
            scaling.put("factor", keys.number(key("rope.scaling.factor")).orElse(1.0));
            integer("rope.scaling.original_context_length")
                    .ifPresent(v -> scaling.put("original_max_position_embeddings", v));
            keys.number(key("rope.scaling.yarn_attn_factor")).ifPresent(v -> scaling.put("attention_factor", v));
            keys.number(key("rope.scaling.yarn_beta_fast")).ifPresent(v -> scaling.put("beta_fast", v));
            keys.number(key("rope.scaling.yarn_beta_slow")).ifPresent(v -> scaling.put("beta_slow", v));
        }
        if (!scaling.isEmpty()) {
            config.put("rope_scaling", Collections.unmodifiableMap(scaling));
        }
    }

    private List<Double> list(String name) {
        Tensor tensor = gguf.require(name);
        if (tensor.size() > 4096) {
            throw new BadInputException(gguf.file() + ": tensor " + name + " has " + tensor.size()
                    + " factors, more than half a head can have; the file is damaged, convert it again");
        }
        List<Double> values = new ArrayList<>();
        for (float v : tensor.toFloats()) {
            values.add(Double.parseDouble(Float.toString(v)));
        }
        return List.copyOf(values);
    }

    private void gpt2() {
        config.put("n_embd", size("embedding_length"));
        config.put("n_layer", blocks());
        config.put("n_head", heads());
        config.put("n_inner", perBlock("feed_forward_length"));
        config.put("n_positions", size("context_length"));
        config.put("num_attention_heads", heads());
        config.put("hidden_size", size("embedding_length"));
        copyNumber("attention.layer_norm_epsilon", "layer_norm_epsilon");
        config.put("activation_function", "gelu_new");
        config.put("conv1d_layout", "out_in");
    }

    private void gptNeox() {
        common();
        config.put("rotary_pct", (double) integer("rope.dimension_count").orElseGet(this::headSize) / headSize());
        config.put("rotary_emb_base", keys.number(key("rope.freq_base")).orElse(10000.0));
        copyNumber("attention.layer_norm_epsilon", "layer_norm_eps");
        config.put(
                "use_parallel_residual", keys.bool(key("use_parallel_residual")).orElse(true));
        config.put("hidden_act", "gelu");
    }

    private void bert() {
        common();
        copyNumber("attention.layer_norm_epsilon", "layer_norm_eps");
        config.put("hidden_act", "gelu");
        config.put(
                "type_vocab_size",
                gguf.entry("token_types.weight").map(this::rows).orElse(0));
        config.put("pad_token_id", 0);
        // ggml's numbers: 0 none, 1 mean, 2 first token, 3 last token
        integer("pooling_type").ifPresent(v -> config.put("pooling_type", v));
    }

    private void t5() {
        config.put("d_model", size("embedding_length"));
        config.put("d_ff", perBlock("feed_forward_length"));
        config.put("d_kv", size("attention.key_length"));
        config.put("num_layers", blocks());
        config.put("num_decoder_layers", integer("decoder_block_count").orElseGet(this::blocks));
        config.put("num_heads", heads());
        config.put("n_positions", size("context_length"));
        config.put("relative_attention_num_buckets", size("attention.relative_buckets_count"));
        config.put("relative_attention_max_distance", 128);
        copyNumber("attention.layer_norm_rms_epsilon", "layer_norm_epsilon");
        copyInteger("decoder_start_token_id", "decoder_start_token_id");
        boolean gated = gguf.names().contains("enc.blk.0.ffn_gate.weight");
        config.put("feed_forward_proj", gated ? "gated-gelu" : "relu");
        config.put("is_encoder_decoder", true);
    }

    private int rows(TensorEntry entry) {
        long rows = entry.shape().isEmpty() ? 0 : entry.shape().getFirst();
        if (rows > Integer.MAX_VALUE) {
            throw new BadInputException(gguf.file() + ": tensor " + entry.name() + " has " + rows
                    + " rows, more than can be; the file is damaged, download it again");
        }
        return (int) rows;
    }

    private int vocabulary() {
        return gguf.entry("token_embd.weight")
                .map(this::rows)
                .orElseThrow(() -> new BadInputException(gguf.file()
                        + ": tensor token_embd.weight is missing; the file is incomplete, download it again"));
    }

    private void specialTokens() {
        for (String name : List.of("bos", "unknown", "padding", "mask", "seperator")) {
            String as = switch (name) {
                case "unknown" -> "unk";
                case "padding" -> "pad";
                case "seperator" -> "sep"; // the key is misspelt in the format
                default -> name;
            };
            keys.int32("tokenizer.ggml." + name + "_token_id").ifPresent(v -> config.put(as + "_token_id", v));
        }
        List<Integer> ends = new ArrayList<>();
        for (String name : List.of("eos", "eot", "eom")) {
            keys.int32("tokenizer.ggml." + name + "_token_id")
                    .filter(v -> !ends.contains(v))
                    .ifPresent(ends::add);
        }
        List<String> tokens = keys.texts("tokenizer.ggml.tokens").orElse(List.of());
        int[] types = keys.integers("tokenizer.ggml.token_type").orElse(new int[0]);
        int n = Math.min(tokens.size(), types.length);
        for (int i = 0; i < n; i += 64) { // in pieces: a JVM that has just started compiles what is called often
            endTokens(tokens, types, i, Math.min(n, i + 64), ends);
        }
        if (!ends.isEmpty()) {
            config.put("eos_token_id", ends.size() == 1 ? ends.getFirst() : List.copyOf(ends));
        }
    }

    private static void endTokens(List<String> tokens, int[] types, int from, int to, List<Integer> ends) {
        for (int i = from; i < to; i++) {
            boolean special = types[i] == 3 || types[i] == 4; // control, user-defined
            if (special && END_TOKENS.contains(tokens.get(i)) && !ends.contains(i)) {
                ends.add(i);
            }
        }
    }
}
