package dev.cutaway.model.format;

import dev.cutaway.tensor.BadInputException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tokenizer inside a GGUF file as {@code tokenizer.json} and {@code tokenizer_config.json}. */
final class TokenizerFiles {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String MARK = "\u2581"; // SentencePiece's sign for a space

    private final GgufMetadata keys;
    private final String kind;
    private final String[] tokens;
    private final int[] types;
    private final List<Object> added = new ArrayList<>();

    private TokenizerFiles(GgufMetadata keys, String kind) {
        this.keys = keys;
        this.kind = kind;
        this.tokens = keys.strings(PREFIX + "tokens").orElseThrow(() -> keys.missing(PREFIX + "tokens"));
        this.types = keys.integers(PREFIX + "token_type").orElse(new int[tokens.length]);
        if (types.length != tokens.length) {
            throw new BadInputException(keys.file() + ": key " + PREFIX + "token_type has " + types.length
                    + " entries for " + tokens.length + " tokens; the file is damaged, convert it again");
        }
    }

    /** Contents by file name; empty if the file has no tokenizer. */
    static Map<String, byte[]> of(GgufModel model) {
        String kind = model.keys().string(PREFIX + "model").orElse("none");
        if (kind.equals("none")) {
            return Map.of();
        }
        TokenizerFiles files = new TokenizerFiles(model.keys(), kind);
        return Map.of(
                "tokenizer.json",
                JsonFiles.write(files.tokenizer()),
                "tokenizer_config.json",
                JsonFiles.write(files.settings()));
    }

    private Map<String, Object> tokenizer() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        addTokens();
        json.put("added_tokens", added);
        switch (kind) {
            case "gpt2" -> byteLevel(json);
            case "llama" -> sentencePieceBpe(json);
            case "t5" -> unigram(json);
            case "bert" -> wordPiece(json);
            default ->
                throw new BadInputException(keys.file() + ": key " + PREFIX + "model is " + kind
                        + ", which cannot be written as tokenizer.json; gpt2, llama, t5 and bert can");
        }
        template().ifPresent(t -> json.put("post_processor", t));
        return json;
    }

    private static Map<String, Object> of(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    private void addTokens() {
        for (int i = 0; i < tokens.length; i++) {
            boolean control = types[i] == 3 || (types[i] == 2 && !kind.equals("t5"));
            if (control || types[i] == 4) {
                added.add(of(
                        "id",
                        i,
                        "content",
                        tokens[i],
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        false,
                        "normalized",
                        false,
                        "special",
                        control));
            }
        }
    }

    private Map<String, Object> vocabulary() {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int i = 0; i < tokens.length; i++) {
            if (types[i] != 5) {
                vocabulary.putIfAbsent(tokens[i], i);
            }
        }
        return vocabulary;
    }

    private void byteLevel(Map<String, Object> json) {
        String name = keys.string(PREFIX + "pre").orElse("gpt-2");
        List<Object> steps = PreTokenizerNames.steps(name)
                .orElseThrow(() -> new BadInputException(keys.file() + ": key " + PREFIX + "pre is " + name
                        + ", which cannot be written as tokenizer.json; " + PreTokenizerNames.known() + " can"));
        List<Object> merges = new ArrayList<>();
        for (String merge : keys.strings(PREFIX + "merges").orElseThrow(() -> keys.missing(PREFIX + "merges"))) {
            merges.add(merge);
        }
        json.put(
                "pre_tokenizer", steps.size() == 1 ? steps.getFirst() : of("type", "Sequence", "pretokenizers", steps));
        json.put(
                "decoder", of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", true));
        json.put(
                "model",
                of(
                        "type",
                        "BPE",
                        "byte_fallback",
                        false,
                        "ignore_merges",
                        name.equals("llama-bpe") || name.equals("tekken"),
                        "vocab",
                        vocabulary(),
                        "merges",
                        merges));
    }

    /** BPE needs its merges, which SentencePiece does not keep: every way to make a piece of two, best score first. */
    private void sentencePieceBpe(Map<String, Object> json) {
        float[] scores = keys.floats(PREFIX + "scores").orElseThrow(() -> keys.missing(PREFIX + "scores"));
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < tokens.length; i++) {
            if (types[i] == 1) {
                ids.putIfAbsent(tokens[i], i);
            }
        }
        record Merge(String left, String right, float score) {}
        List<Merge> merges = new ArrayList<>();
        for (int i = 0; i < Math.min(tokens.length, scores.length); i++) {
            String token = tokens[i];
            for (int cut = 1; types[i] == 1 && cut < token.length(); cut++) {
                if (ids.containsKey(token.substring(0, cut)) && ids.containsKey(token.substring(cut))) {
                    merges.add(new Merge(token.substring(0, cut), token.substring(cut), scores[i]));
                }
            }
        }
        merges.sort(Comparator.comparingDouble((Merge m) -> -m.score)
                .thenComparingInt(m -> ids.getOrDefault(m.left, 0))
                .thenComparingInt(m -> ids.getOrDefault(m.right, 0)));
        boolean prefix = keys.bool(PREFIX + "add_space_prefix").orElse(true);
        List<Object> normalizers = new ArrayList<>();
        if (prefix) {
            normalizers.add(of("type", "Prepend", "prepend", MARK));
        }
        normalizers.add(of("type", "Replace", "pattern", of("String", " "), "content", MARK));
        json.put("normalizer", of("type", "Sequence", "normalizers", normalizers));
        List<Object> decoders = new ArrayList<>(List.of(
                of("type", "Replace", "pattern", of("String", MARK), "content", " "),
                of("type", "ByteFallback"),
                of("type", "Fuse")));
        if (prefix) {
            decoders.add(of("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        json.put("decoder", of("type", "Sequence", "decoders", decoders));
        Map<String, Object> model = of(
                "type",
                "BPE",
                "fuse_unk",
                true,
                "byte_fallback",
                true,
                "vocab",
                vocabulary(),
                "merges",
                merges.stream().map(m -> List.of(m.left, m.right)).toList());
        id("unknown").ifPresent(i -> model.put("unk_token", tokens[i]));
        json.put("model", model);
    }

    private void unigram(Map<String, Object> json) {
        float[] scores = keys.floats(PREFIX + "scores").orElseThrow(() -> keys.missing(PREFIX + "scores"));
        List<Object> pieces = new ArrayList<>();
        for (int i = 0; i < tokens.length; i++) {
            pieces.add(List.of(tokens[i], i < scores.length ? scores[i] : 0f));
        }
        keys.integers(PREFIX + "precompiled_charsmap").ifPresent(map -> {
            byte[] bytes = new byte[map.length];
            for (int i = 0; i < map.length; i++) {
                bytes[i] = (byte) map[i];
            }
            json.put(
                    "normalizer",
                    of(
                            "type",
                            "Precompiled",
                            "precompiled_charsmap",
                            Base64.getEncoder().encodeToString(bytes)));
        });
        Map<String, Object> space =
                of("type", "Metaspace", "replacement", MARK, "prepend_scheme", "always", "split", true);
        json.put(
                "pre_tokenizer",
                of("type", "Sequence", "pretokenizers", List.of(of("type", "WhitespaceSplit"), space)));
        json.put("decoder", space);
        json.put("model", of("type", "Unigram", "unk_id", id("unknown").orElse(2), "vocab", pieces));
    }

    private void wordPiece(Map<String, Object> json) {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int i = 0; i < tokens.length; i++) {
            String token = tokens[i];
            boolean word = token.startsWith(MARK);
            String piece = types[i] != 1 ? token : word ? token.substring(1) : "##" + token;
            if (types[i] != 5) {
                vocabulary.putIfAbsent(piece, i);
            }
        }
        boolean lower = keys.bool(PREFIX.replace("ggml.", "ggml.normalizer.") + "lowercase")
                .orElse(true);
        json.put(
                "normalizer",
                of("type", "BertNormalizer", "clean_text", true, "handle_chinese_chars", true, "lowercase", lower));
        json.put("pre_tokenizer", of("type", "BertPreTokenizer"));
        json.put("decoder", of("type", "WordPiece", "prefix", "##", "cleanup", true));
        json.put(
                "model",
                of(
                        "type",
                        "WordPiece",
                        "unk_token",
                        "[UNK]",
                        "continuing_subword_prefix",
                        "##",
                        "max_input_chars_per_word",
                        100,
                        "vocab",
                        vocabulary));
    }

    private Optional<Integer> id(String name) {
        return keys.integer(PREFIX + name + "_token_id")
                .filter(i -> i >= 0 && i < tokens.length)
                .map(Long::intValue);
    }

    /** The tokens put around a text, and between two. */
    private Optional<Object> template() {
        boolean bert = kind.equals("bert");
        Optional<Integer> first =
                id("bos").filter(_ -> keys.bool(PREFIX + "add_bos_token").orElse(bert || kind.equals("llama")));
        Optional<Integer> last = (bert ? id("seperator").or(() -> id("eos")) : id("eos"))
                .filter(_ -> keys.bool(PREFIX + "add_eos_token").orElse(bert || kind.equals("t5")));
        if (first.isEmpty() && last.isEmpty()) {
            return Optional.empty();
        }
        List<Object> single = new ArrayList<>();
        List<Object> pair = new ArrayList<>();
        Map<String, Object> special = new LinkedHashMap<>();
        for (Optional<Integer> around : List.of(first, last)) {
            around.ifPresent(
                    i -> special.put(tokens[i], of("id", tokens[i], "ids", List.of(i), "tokens", List.of(tokens[i]))));
        }
        first.ifPresent(i -> single.add(of("SpecialToken", of("id", tokens[i], "type_id", 0))));
        single.add(of("Sequence", of("id", "A", "type_id", 0)));
        last.ifPresent(i -> single.add(of("SpecialToken", of("id", tokens[i], "type_id", 0))));
        pair.addAll(single);
        if (!bert) {
            first.ifPresent(i -> pair.add(of("SpecialToken", of("id", tokens[i], "type_id", 1))));
        }
        pair.add(of("Sequence", of("id", "B", "type_id", 1)));
        last.ifPresent(i -> pair.add(of("SpecialToken", of("id", tokens[i], "type_id", 1))));
        return Optional.of(of("type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special));
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("tokenizer_class", "PreTrainedTokenizerFast");
        settings.put("clean_up_tokenization_spaces", false);
        for (String name : List.of("bos", "eos", "unknown", "padding", "mask")) {
            String as = name.equals("unknown") ? "unk" : name.equals("padding") ? "pad" : name;
            id(name).ifPresent(i -> settings.put(as + "_token", tokens[i]));
        }
        keys.string("tokenizer.chat_template").ifPresent(t -> settings.put("chat_template", t));
        return settings;
    }
}
