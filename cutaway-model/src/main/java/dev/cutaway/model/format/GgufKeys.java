package dev.cutaway.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.BadInputException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The configuration of config.json as GGUF metadata: the way back from {@link GgufConfig}, with the keys that llama.cpp's
 * converter writes for each architecture.
 */
final class GgufKeys {
    private final Path file;
    private final JsonNode config;
    private final JsonNode rope;
    private final String name;
    private final SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();

    private GgufKeys(Path file, JsonNode config, GgufArchitecture architecture) {
        this.file = file;
        this.config = config;
        this.name = architecture.name();
        this.rope = ropeOf(config);
    }

    /** Old files say rope_scaling, newer ones rope_parameters, perhaps one for each kind of layer. */
    static JsonNode ropeOf(JsonNode config) {
        JsonNode rope = config.path(config.path("rope_parameters").isObject() ? "rope_parameters" : "rope_scaling");
        return rope.has("full_attention") ? rope.path("full_attention") : rope;
    }

    /** The keys of the architecture itself, tokenizer and general ones not included. */
    static SequencedMap<String, GgufValue> of(Path file, JsonNode config, GgufArchitecture architecture) {
        GgufKeys builder = new GgufKeys(file, config, architecture);
        builder.build();
        return builder.keys;
    }

    private void build() {
        switch (name) {
            case "gpt2" -> gpt2();
            case "t5" -> t5();
            default -> common();
        }
        switch (name) {
            case "gptneox" -> {
                double share =
                        real("rotary_pct", rope.path("partial_rotary_factor").asDouble(0.25));
                putSize("rope.dimension_count", (int) (share * headSize()));
                put(
                        "use_parallel_residual",
                        GgufValue.of(config.path("use_parallel_residual").asBoolean(true)));
                putReal("rope.freq_base", real("rotary_emb_base", theta()));
                putReal("attention.layer_norm_epsilon", real("layer_norm_eps", 1e-5));
            }
            case "bert" -> {
                put("attention.causal", GgufValue.of(false));
                putReal("attention.layer_norm_epsilon", real("layer_norm_eps", 1e-12));
            }
            case "gpt2", "t5" -> {
                // complete already
            }
            default -> decoder();
        }
    }

    private void put(String key, GgufValue value) {
        keys.put(name + "." + key, value);
    }

    private void putSize(String key, int value) {
        put(key, GgufValue.of(value));
    }

    private void putReal(String key, double value) {
        put(key, GgufValue.of((float) value));
    }

    private int size(String... names) {
        for (String n : names) {
            JsonNode value = config.path(n);
            if (value.isIntegralNumber() && value.canConvertToInt() && value.asInt() >= 0) {
                return value.asInt();
            }
        }
        JsonNode found = config.path(names[0]);
        throw new BadInputException(file + ": key " + names[0] + " is " + (found.isMissingNode() ? "missing" : found)
                + "; GGUF needs it as a whole number");
    }

    private int size(String key, int otherwise) {
        return config.path(key).isIntegralNumber() ? size(key) : otherwise;
    }

    private double real(String key, double otherwise) {
        return config.path(key).isNumber() ? config.path(key).asDouble() : otherwise;
    }

    private double theta() {
        double old = real("rope_theta", 10000);
        return rope.path("rope_theta").asDouble(old);
    }

    private int headSize() {
        int heads = size("num_attention_heads");
        if (heads == 0) {
            throw new BadInputException(file + ": key num_attention_heads is 0, which is no number of heads");
        }
        return size("head_dim", size("hidden_size") / heads);
    }

    private void common() {
        putSize("block_count", size("num_hidden_layers"));
        putSize("context_length", size("max_position_embeddings"));
        putSize("embedding_length", size("hidden_size"));
        putSize("feed_forward_length", size("intermediate_size"));
        putSize("attention.head_count", size("num_attention_heads"));
    }

    private void decoder() {
        putSize("attention.head_count_kv", size("num_key_value_heads", size("num_attention_heads")));
        putReal("attention.layer_norm_rms_epsilon", real("rms_norm_eps", 1e-6));
        putSize("attention.key_length", headSize());
        putSize("attention.value_length", headSize());
        double share = rope.path("partial_rotary_factor").asDouble(real("partial_rotary_factor", 1));
        putSize("rope.dimension_count", (int) (share * headSize()));
        putReal("rope.freq_base", theta());
        window();
        scaling();
        if (name.startsWith("gemma")) {
            gemma();
        }
    }

    private void window() {
        boolean used =
                !name.startsWith("qwen") || config.path("use_sliding_window").asBoolean(false);
        if (used && config.path("sliding_window").isIntegralNumber()) {
            putSize("attention.sliding_window", size("sliding_window"));
        } else if (name.equals("phi3")) {
            putSize("attention.sliding_window", 0); // what tells Phi-4 from older files, in which the key is missing
        }
    }

    private void gemma() {
        for (String cap : new String[] {"attn_logit_softcapping", "final_logit_softcapping"}) {
            if (config.path(cap).isNumber()) {
                putReal(cap, config.path(cap).asDouble());
            }
        }
        JsonNode local =
                config.path("rope_parameters").path("sliding_attention").path("rope_theta");
        double swa = local.asDouble(real("rope_local_base_freq", 10000));
        if (name.equals("gemma3")) {
            putReal("rope.freq_base_swa", swa);
        }
        JsonNode types = config.path("layer_types");
        if (types.isArray()) {
            boolean[] windowed = new boolean[types.size()];
            for (int i = 0; i < windowed.length; i++) {
                windowed[i] = types.path(i).asText().equals("sliding_attention");
            }
            put("attention.sliding_window_pattern", GgufValue.of(windowed));
        }
    }

    private void scaling() {
        String type = ropeType(rope);
        int context = size("max_position_embeddings");
        switch (type) {
            case "linear", "yarn" -> {
                put("rope.scaling.type", GgufValue.of(type));
                putReal("rope.scaling.factor", rope.path("factor").asDouble(1));
                if (type.equals("yarn")) {
                    yarn(context);
                }
            }
            case "longrope", "su" -> {
                int original = originalContext(config, rope);
                put("rope.scaling.type", GgufValue.of("longrope"));
                putSize("rope.scaling.original_context_length", original);
                double scale = (double) context / original;
                double attention = scale <= 1 ? 1 : Math.sqrt(1 + Math.log(scale) / Math.log(original));
                putReal(
                        "rope.scaling.attn_factor",
                        rope.path("attention_factor").asDouble(attention));
            }
            case "default", "llama3" -> {
                // llama3 becomes a tensor of divisors
            }
            default ->
                throw new BadInputException(file + ": rope scaling " + type
                        + " has no place in GGUF; linear, yarn, longrope and llama3 have");
        }
    }

    private void yarn(int context) {
        JsonNode original = rope.path("original_max_position_embeddings");
        putSize("rope.scaling.original_context_length", original.asInt(context));
        for (String key : new String[] {"beta_fast", "beta_slow"}) {
            if (rope.path(key).isNumber()) {
                putReal("rope.scaling.yarn_" + key, rope.path(key).asDouble());
            }
        }
        if (rope.path("attention_factor").isNumber()) {
            putReal(
                    "rope.scaling.yarn_attn_factor",
                    rope.path("attention_factor").asDouble());
        }
    }

    static String ropeType(JsonNode rope) {
        return rope.path("rope_type").asText(rope.path("type").asText("default"));
    }

    static int originalContext(JsonNode config, JsonNode rope) {
        return config.path("original_max_position_embeddings")
                .asInt(rope.path("original_max_position_embeddings")
                        .asInt(config.path("max_position_embeddings").asInt()));
    }

    private void gpt2() {
        int width = size("n_embd", "hidden_size");
        putSize("block_count", size("n_layer", "num_hidden_layers"));
        putSize("context_length", size("n_positions", "n_ctx"));
        putSize("embedding_length", width);
        putSize("feed_forward_length", size("n_inner", 4 * width));
        putSize("attention.head_count", size("n_head", "num_attention_heads"));
        putReal("attention.layer_norm_epsilon", real("layer_norm_epsilon", 1e-5));
    }

    private void t5() {
        putSize("context_length", size("n_positions", 512));
        putSize("embedding_length", size("d_model"));
        putSize("feed_forward_length", size("d_ff"));
        putSize("block_count", size("num_layers"));
        putSize("decoder_block_count", size("num_decoder_layers", size("num_layers")));
        putSize("attention.head_count", size("num_heads"));
        putSize("attention.key_length", size("d_kv"));
        putSize("attention.value_length", size("d_kv"));
        putSize("attention.relative_buckets_count", size("relative_attention_num_buckets", 32));
        putReal("attention.layer_norm_epsilon", real("layer_norm_epsilon", 1e-6));
        putReal("attention.layer_norm_rms_epsilon", real("layer_norm_epsilon", 1e-6));
        putSize("decoder_start_token_id", size("decoder_start_token_id", 0));
        Optional.of(size("relative_attention_max_distance", 128))
                .filter(d -> d != 128)
                .ifPresent(d -> {
                    throw new BadInputException(file + ": key relative_attention_max_distance is " + d
                            + "; GGUF has no place for it, programs that read GGUF take 128");
                });
    }
}
