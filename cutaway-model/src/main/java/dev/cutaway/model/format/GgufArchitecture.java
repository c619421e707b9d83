package dev.cutaway.model.format;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The architectures that GGUF and Hugging Face both know, as one table: the names of the tensors in both worlds and what
 * llama.cpp's converter changes in the data. Names are stems without {@code .weight} or {@code .bias}; {@code {}} stands for
 * the block's number.
 *
 * @param name {@code general.architecture}
 * @param modelType {@code model_type} of config.json
 * @param className first of config.json's {@code architectures}
 * @param toHuggingFace from GGUF's stem to Hugging Face's
 * @param quirks what is changed in the data
 */
record GgufArchitecture(
        String name, String modelType, String className, Map<String, String> toHuggingFace, Set<Quirk> quirks) {
    /** What llama.cpp's converter changes in the data. */
    enum Quirk {
        /** Rows of query and key matrices are reordered from halves to pairs of a rotation. */
        PAIRED_ROTATION,
        /** Norm weights are stored as 1 + w. */
        NORM_PLUS_ONE,
        /** Matrices are transposed to [out, in]; Hugging Face keeps this architecture's as [in, out]. */
        TRANSPOSED,
        /** Rows of the fused matrix are all of q, all of k, all of v; Hugging Face keeps q, k, v of each head together. */
        SPLIT_QKV
    }

    private static final String[] DECODER = {
        "token_embd=model.embed_tokens",
        "output_norm=model.norm",
        "output=lm_head",
        "blk.{}.attn_output=model.layers.{}.self_attn.o_proj",
        "blk.{}.ffn_down=model.layers.{}.mlp.down_proj"
    };
    private static final String[] PRE_NORM = {
        "blk.{}.attn_norm=model.layers.{}.input_layernorm", "blk.{}.ffn_norm=model.layers.{}.post_attention_layernorm"
    };
    private static final String[] SEPARATE = {
        "blk.{}.attn_q=model.layers.{}.self_attn.q_proj",
        "blk.{}.attn_k=model.layers.{}.self_attn.k_proj",
        "blk.{}.attn_v=model.layers.{}.self_attn.v_proj",
        "blk.{}.ffn_gate=model.layers.{}.mlp.gate_proj",
        "blk.{}.ffn_up=model.layers.{}.mlp.up_proj"
    };
    private static final String[] HEAD_NORMS = {
        "blk.{}.attn_q_norm=model.layers.{}.self_attn.q_norm", "blk.{}.attn_k_norm=model.layers.{}.self_attn.k_norm"
    };
    private static final String[] POST_NORMS = {
        "blk.{}.post_attention_norm=model.layers.{}.post_attention_layernorm",
        "blk.{}.post_ffw_norm=model.layers.{}.post_feedforward_layernorm"
    };
    private static final String[] SANDWICH = {
        "blk.{}.attn_norm=model.layers.{}.input_layernorm", "blk.{}.ffn_norm=model.layers.{}.pre_feedforward_layernorm"
    };

    private static final List<GgufArchitecture> ALL = List.of(
            of("llama", "llama", "LlamaForCausalLM", Quirk.PAIRED_ROTATION, DECODER, PRE_NORM, SEPARATE),
            of("qwen2", "qwen2", "Qwen2ForCausalLM", null, DECODER, PRE_NORM, SEPARATE),
            of("qwen3", "qwen3", "Qwen3ForCausalLM", null, DECODER, PRE_NORM, SEPARATE, HEAD_NORMS),
            of("gemma2", "gemma2", "Gemma2ForCausalLM", Quirk.NORM_PLUS_ONE, DECODER, SANDWICH, SEPARATE, POST_NORMS),
            of(
                    "gemma3",
                    "gemma3_text",
                    "Gemma3ForCausalLM",
                    Quirk.NORM_PLUS_ONE,
                    DECODER,
                    SANDWICH,
                    SEPARATE,
                    POST_NORMS,
                    HEAD_NORMS),
            of("olmo2", "olmo2", "Olmo2ForCausalLM", null, DECODER, SEPARATE, POST_NORMS, HEAD_NORMS),
            of("phi3", "phi3", "Phi3ForCausalLM", null, DECODER, PRE_NORM, new String[] {
                "blk.{}.attn_qkv=model.layers.{}.self_attn.qkv_proj", "blk.{}.ffn_up=model.layers.{}.mlp.gate_up_proj"
            }),
            of("gpt2", "gpt2", "GPT2LMHeadModel", Quirk.TRANSPOSED, new String[] {
                "token_embd=transformer.wte",
                "position_embd=transformer.wpe",
                "output_norm=transformer.ln_f",
                "output=lm_head",
                "blk.{}.attn_norm=transformer.h.{}.ln_1",
                "blk.{}.attn_qkv=transformer.h.{}.attn.c_attn",
                "blk.{}.attn_output=transformer.h.{}.attn.c_proj",
                "blk.{}.ffn_norm=transformer.h.{}.ln_2",
                "blk.{}.ffn_up=transformer.h.{}.mlp.c_fc",
                "blk.{}.ffn_down=transformer.h.{}.mlp.c_proj"
            }),
            of("gptneox", "gpt_neox", "GPTNeoXForCausalLM", Quirk.SPLIT_QKV, new String[] {
                "token_embd=gpt_neox.embed_in",
                "output_norm=gpt_neox.final_layer_norm",
                "output=embed_out",
                "blk.{}.attn_norm=gpt_neox.layers.{}.input_layernorm",
                "blk.{}.attn_qkv=gpt_neox.layers.{}.attention.query_key_value",
                "blk.{}.attn_output=gpt_neox.layers.{}.attention.dense",
                "blk.{}.ffn_norm=gpt_neox.layers.{}.post_attention_layernorm",
                "blk.{}.ffn_up=gpt_neox.layers.{}.mlp.dense_h_to_4h",
                "blk.{}.ffn_down=gpt_neox.layers.{}.mlp.dense_4h_to_h"
            }),
            of("bert", "bert", "BertModel", null, new String[] {
                "token_embd=embeddings.word_embeddings",
                "token_types=embeddings.token_type_embeddings",
                "position_embd=embeddings.position_embeddings",
                "token_embd_norm=embeddings.LayerNorm",
                "cls.output=classifier",
                "blk.{}.attn_q=encoder.layer.{}.attention.self.query",
                "blk.{}.attn_k=encoder.layer.{}.attention.self.key",
                "blk.{}.attn_v=encoder.layer.{}.attention.self.value",
                "blk.{}.attn_output=encoder.layer.{}.attention.output.dense",
                "blk.{}.attn_output_norm=encoder.layer.{}.attention.output.LayerNorm",
                "blk.{}.ffn_up=encoder.layer.{}.intermediate.dense",
                "blk.{}.ffn_down=encoder.layer.{}.output.dense",
                "blk.{}.layer_output_norm=encoder.layer.{}.output.LayerNorm"
            }),
            of(
                    "t5",
                    "t5",
                    "T5ForConditionalGeneration",
                    null,
                    new String[] {"token_embd=shared", "output=lm_head"},
                    t5Stack("enc", "encoder", 1),
                    t5Stack("dec", "decoder", 2),
                    new String[] {
                        "dec.blk.{}.cross_attn_norm=decoder.block.{}.layer.1.layer_norm",
                        "dec.blk.{}.cross_attn_q=decoder.block.{}.layer.1.EncDecAttention.q",
                        "dec.blk.{}.cross_attn_k=decoder.block.{}.layer.1.EncDecAttention.k",
                        "dec.blk.{}.cross_attn_v=decoder.block.{}.layer.1.EncDecAttention.v",
                        "dec.blk.{}.cross_attn_o=decoder.block.{}.layer.1.EncDecAttention.o"
                    }));

    private static String[] t5Stack(String gguf, String stack, int ffn) {
        String self = stack + ".block.{}.layer.0.SelfAttention.";
        String dense = stack + ".block.{}.layer." + ffn + ".DenseReluDense.";
        String block = gguf + ".blk.{}.";
        return new String[] {
            block + "attn_norm=" + stack + ".block.{}.layer.0.layer_norm",
            block + "attn_q=" + self + "q",
            block + "attn_k=" + self + "k",
            block + "attn_v=" + self + "v",
            block + "attn_o=" + self + "o",
            block + "attn_rel_b=" + self + "relative_attention_bias",
            block + "ffn_norm=" + stack + ".block.{}.layer." + ffn + ".layer_norm",
            block + "ffn_gate=" + dense + "wi_0",
            block + "ffn_up=" + dense + "wi_1",
            block + "ffn_down=" + dense + "wo",
            gguf + ".output_norm=" + stack + ".final_layer_norm"
        };
    }

    private static GgufArchitecture of(
            String name,
            String modelType,
            String className,
            @org.jspecify.annotations.Nullable Quirk quirk,
            String[]... names) {
        Map<String, String> stems = new LinkedHashMap<>();
        Arrays.stream(names).flatMap(Arrays::stream).forEach(pair -> {
            String[] both = pair.split("=", 2);
            stems.put(both[0], both[1]);
        });
        Set<Quirk> quirks = quirk == null ? EnumSet.noneOf(Quirk.class) : EnumSet.of(quirk);
        return new GgufArchitecture(name, modelType, className, Map.copyOf(stems), Set.copyOf(quirks));
    }

    /** The architecture that a GGUF file names, empty if it is unknown. */
    static Optional<GgufArchitecture> ofGguf(String name) {
        return ALL.stream().filter(a -> a.name.equals(name)).findFirst();
    }

    /** The architecture that a config.json names, empty if it has no place in GGUF here. */
    static Optional<GgufArchitecture> ofModelType(String modelType) {
        String known = switch (modelType) {
            case "mistral", "smollm" -> "llama";
            case "gemma3" -> "gemma3_text";
            default -> modelType;
        };
        return ALL.stream().filter(a -> a.modelType.equals(known)).findFirst();
    }

    /** The names of all, for messages. */
    static String known() {
        return ALL.stream().map(GgufArchitecture::name).sorted().collect(Collectors.joining(", "));
    }

    boolean has(Quirk quirk) {
        return quirks.contains(quirk);
    }

    /**
     * Hugging Face's name of a tensor, empty if the table has none.
     *
     * @param gated whether the feed-forward network has a gate, which T5 names differently
     */
    Optional<String> huggingFace(String gguf, boolean gated) {
        return translate(gguf, toHuggingFace)
                .map(n -> gated || !name.equals("t5") ? n : n.replace("DenseReluDense.wi_1", "DenseReluDense.wi"));
    }

    /** GGUF's name of a tensor, empty if the table has none. */
    Optional<String> gguf(String huggingFace) {
        Map<String, String> back =
                toHuggingFace.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
        return translate(huggingFace.replace("DenseReluDense.wi.", "DenseReluDense.wi_1."), back);
    }

    private static boolean isNumber(String s, int from, int to) {
        for (int i = from; i < to; i++) {
            if (s.charAt(i) < '0' || s.charAt(i) > '9') {
                return false;
            }
        }
        return to - from >= 1 && to - from <= 6;
    }

    private static Optional<String> translate(String full, Map<String, String> stems) {
        int dot = full.lastIndexOf('.');
        String suffix = dot < 0 ? "" : full.substring(dot);
        if (!suffix.equals(".weight") && !suffix.equals(".bias")) {
            return Optional.empty();
        }
        String stem = full.substring(0, dot);
        int start = 0;
        int end = -1;
        while (end < 0 && start < stem.length()) { // the first part that is a number is the block's
            int to = stem.indexOf('.', start);
            int partEnd = to < 0 ? stem.length() : to;
            if (start > 0 && to >= 0 && isNumber(stem, start, partEnd)) {
                end = partEnd;
            } else {
                start = partEnd + 1;
            }
        }
        if (end < 0) {
            String known = stems.get(stem);
            return known == null ? Optional.empty() : Optional.of(known + suffix);
        }
        String known = stems.get(stem.substring(0, start) + "{}" + stem.substring(end));
        return known == null ? Optional.empty() : Optional.of(known.replace("{}", stem.substring(start, end)) + suffix);
    }
}
