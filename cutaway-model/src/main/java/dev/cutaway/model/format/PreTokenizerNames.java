package dev.cutaway.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * GGUF's names ({@code tokenizer.ggml.pre}) of the pre-tokenizers of byte-level BPE models, recognised by their patterns.
 * llama.cpp recognises them by a hash of what a test text becomes, which depends on the vocabulary too; a pattern says more.
 */
final class PreTokenizerNames {
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String MODERN = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CASED =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+%1$s"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*%1$s"
                    + "|\\p{N}%2$s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final Map<String, String> BY_PATTERN = new LinkedHashMap<>();

    static {
        BY_PATTERN.put(CONTRACTIONS + MODERN.formatted("{1,3}"), "llama-bpe");
        BY_PATTERN.put(CONTRACTIONS + MODERN.formatted(""), "qwen2");
        BY_PATTERN.put(CASED.formatted(CONTRACTIONS + "?", "{1,3}"), "gpt-4o");
        BY_PATTERN.put(CASED.formatted("", ""), "tekken");
    }

    private PreTokenizerNames() {}

    /**
     * The name of a tokenizer.json's pre_tokenizer, empty if it has none here.
     *
     * @param ignoresMerges whether a pre-token in the vocabulary is taken whole, which the name implies
     */
    static Optional<String> name(JsonNode preTokenizer, boolean ignoresMerges) {
        StringBuilder shape = new StringBuilder();
        String pattern = "";
        for (JsonNode part :
                preTokenizer.has("pretokenizers") ? preTokenizer.path("pretokenizers") : List.of(preTokenizer)) {
            switch (part.path("type").asText("")) {
                case "Split" -> {
                    pattern = part.path("pattern").path("Regex").asText("");
                    boolean isolated = part.path("behavior").asText("").equals("Isolated")
                            && !part.path("invert").asBoolean(false);
                    boolean removed = part.path("behavior").asText("").equals("Removed")
                            && part.path("invert").asBoolean(false);
                    shape.append(isolated || removed ? "split " : "other ");
                }
                case "Digits" -> shape.append(part.path("individual_digits").asBoolean(false) ? "digits " : "other ");
                case "ByteLevel" -> {
                    boolean prefix = part.path("add_prefix_space").asBoolean(false);
                    shape.append(prefix ? "other " : part.path("use_regex").asBoolean(true) ? "gpt2 " : "bytes ");
                }
                default -> shape.append("other ");
            }
        }
        return switch (shape.toString().strip()) {
            case "gpt2" -> Optional.of("gpt-2");
            case "digits gpt2" -> Optional.of("smollm");
            case "split bytes", "split" ->
                Optional.ofNullable(BY_PATTERN.get(pattern))
                        .map(n -> n.equals("llama-bpe") && !ignoresMerges ? "dbrx" : n);
            default -> Optional.empty();
        };
    }

    /** The steps of a tokenizer.json's pre_tokenizer that a name stands for, empty if it is not one of {@link #known}. */
    static Optional<List<Object>> steps(String name) {
        Map<String, Object> bytes = new LinkedHashMap<>();
        bytes.put("type", "ByteLevel");
        bytes.put("add_prefix_space", false);
        bytes.put("trim_offsets", true);
        bytes.put("use_regex", name.equals("gpt-2") || name.equals("smollm"));
        return switch (name) {
            case "gpt-2" -> Optional.of(List.of(bytes));
            case "smollm" -> Optional.of(List.of(Map.of("type", "Digits", "individual_digits", true), bytes));
            default ->
                BY_PATTERN.entrySet().stream()
                        .filter(e -> e.getValue().equals(name.equals("dbrx") ? "llama-bpe" : name))
                        .findFirst()
                        .map(e -> List.of(
                                Map.of(
                                        "type",
                                        "Split",
                                        "pattern",
                                        Map.of("Regex", e.getKey()),
                                        "behavior",
                                        "Isolated",
                                        "invert",
                                        false),
                                bytes));
        };
    }

    /** The names that can be given. */
    static String known() {
        return "gpt-2, smollm, dbrx, " + String.join(", ", BY_PATTERN.values());
    }
}
