package dev.cutaway.model.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutaway.tensor.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A tokenizer.json (with tokenizer_config.json and config.json beside it) as GGUF metadata: {@code gpt2} for byte-level BPE,
 * {@code llama} for BPE over text with bytes as a fallback, {@code t5} for Unigram, {@code bert} for WordPiece. Without a
 * tokenizer.json the model is written without a tokenizer, {@code none}.
 */
final class GgufVocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;
    private static final float NO_SCORE = -1000;

    private final Path file;
    private final JsonNode json;
    private final JsonNode settings;
    private final JsonNode config;
    private final JsonNode model;
    private final String[] tokens;
    private final int[] types;
    private final float[] scores;
    private final SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();

    private GgufVocabulary(Path directory, JsonNode json, JsonNode config, int size) {
        this.file = directory.resolve("tokenizer.json");
        this.json = json;
        this.settings = JsonFiles.readIfThere(directory.resolve("tokenizer_config.json"));
        this.config = config;
        this.model = json.path("model");
        tokens = new String[size];
        types = new int[size];
        scores = new float[size];
        Arrays.setAll(tokens, i -> "[PAD" + i + "]");
        Arrays.fill(types, UNUSED);
        Arrays.fill(scores, NO_SCORE);
    }

    /** The keys of the tokenizer in a directory, for an embedding of so many rows. */
    static SequencedMap<String, GgufValue> of(Path directory, JsonNode config, int size) {
        JsonNode json = JsonFiles.readIfThere(directory.resolve("tokenizer.json"));
        if (json.isMissingNode()) {
            SequencedMap<String, GgufValue> none = new LinkedHashMap<>();
            none.put("tokenizer.ggml.model", GgufValue.of("none"));
            return none;
        }
        GgufVocabulary vocabulary = new GgufVocabulary(directory, json, config, size);
        vocabulary.build(directory);
        return vocabulary.keys;
    }

    private void build(Path directory) {
        String type = model.path("type").asText(model.has("merges") ? "BPE" : "");
        String kind = switch (type) {
            case "BPE" -> model.path("byte_fallback").asBoolean(false) ? "llama" : "gpt2";
            case "Unigram" -> "t5";
            case "WordPiece" -> "bert";
            default ->
                throw new BadInputException(file + ": a model of type \"" + type
                        + "\" has no place in GGUF; BPE, Unigram and WordPiece have");
        };
        readModel(kind);
        readAdded(kind);
        put("model", GgufValue.of(kind));
        put("pre", GgufValue.of(kind.equals("gpt2") ? preTokenizer() : "default"));
        put("tokens", GgufValue.of(tokens));
        if (kind.equals("llama") || kind.equals("t5")) {
            put("scores", GgufValue.of(scores));
        }
        put("token_type", GgufValue.of(types));
        switch (kind) {
            case "gpt2" -> put("merges", GgufValue.of(merges().toArray(new String[0])));
            case "llama" -> put("add_space_prefix", GgufValue.of(addsSpace()));
            case "t5" -> unigram();
            default ->
                put(
                        "token_type_count",
                        GgufValue.of(config.path("type_vocab_size").asInt(2)));
        }
        specialTokens();
        addedAround();
        chatTemplate(directory);
    }

    private void put(String key, GgufValue value) {
        keys.put("tokenizer.ggml." + key, value);
    }

    private void set(int id, String token, int type, float score) {
        if (id < 0 || id >= tokens.length) {
            throw new BadInputException(file + ": token \"" + token + "\" has id " + id + ", but the embedding has "
                    + tokens.length + " rows; the tokenizer belongs to another model");
        }
        tokens[id] = token;
        types[id] = type;
        scores[id] = score;
    }

    private void readModel(String kind) {
        if (kind.equals("t5")) {
            int id = 0;
            for (JsonNode pair : model.path("vocab")) {
                set(id++, pair.path(0).asText(), NORMAL, (float) pair.path(1).asDouble());
            }
            int unknown = model.path("unk_id").asInt(-1);
            if (unknown >= 0 && unknown < types.length) {
                types[unknown] = UNKNOWN;
            }
            return;
        }
        Map<String, Float> ranks = kind.equals("llama") ? ranks() : Map.of();
        float last = -(float) (model.path("merges").size() + 1); // of what no merge makes
        String unknown = model.path("unk_token").asText("");
        model.path("vocab").properties().forEach(e -> {
            String token = e.getKey();
            int type = kind.equals("llama") && token.matches("<0x[0-9A-F]{2}>") ? BYTE : NORMAL;
            type = !kind.equals("gpt2") && token.equals(unknown) ? UNKNOWN : type;
            set(
                    e.getValue().asInt(-1),
                    kind.equals("bert") ? phantom(token) : token,
                    type,
                    ranks.getOrDefault(token, last));
        });
    }

    /** How WordPiece's pieces are kept: the start of a word marked, its continuation not. */
    private static String phantom(String token) {
        return token.startsWith("##") ? token.substring(2) : "\u2581" + token;
    }

    /**
     * SentencePiece picks the pair whose joined piece scores highest; a merge's place in the list says the same, so the score
     * is its rank, negative.
     */
    private Map<String, Float> ranks() {
        Map<String, Float> ranks = new HashMap<>();
        int rank = 0;
        for (JsonNode merge : model.path("merges")) {
            String joined = merge.isArray()
                    ? merge.path(0).asText() + merge.path(1).asText()
                    : merge.asText().replaceFirst(" ", "");
            ranks.putIfAbsent(joined, (float) -rank++);
        }
        return ranks;
    }

    private List<String> merges() {
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(merge.isArray() ? escaped(merge.path(0)) + " " + escaped(merge.path(1)) : merge.asText());
        }
        return merges;
    }

    private static String escaped(JsonNode part) {
        return part.asText().replace(' ', '\u0120');
    }

    private void readAdded(String kind) {
        for (JsonNode added : json.path("added_tokens")) {
            String token = added.path("content").asText();
            int id = added.path("id").asInt(-1);
            boolean control = added.path("special").asBoolean(false) || looksSpecial(token);
            boolean unknown = control && id >= 0 && id < types.length && types[id] == UNKNOWN;
            String text = control || kind.equals("bert") ? token : token.replace('\u2581', ' ');
            set(id, text, unknown ? UNKNOWN : control ? CONTROL : USER, NO_SCORE);
        }
    }

    /** Tokens that some models use as control tokens without saying so. */
    private static boolean looksSpecial(String token) {
        return List.of("<pad>", "<mask>", "<2mass>", "[@BOS@]").contains(token)
                || (token.startsWith("<|") && token.endsWith("|>"))
                || (token.startsWith("<unused") && token.endsWith(">"));
    }

    private String preTokenizer() {
        return PreTokenizerNames.name(
                        json.path("pre_tokenizer"), model.path("ignore_merges").asBoolean(false))
                .orElseThrow(() -> new BadInputException(file
                        + ": its pre_tokenizer is none that GGUF has a name for here (" + PreTokenizerNames.known()
                        + "); other programs would cut text differently"));
    }

    private boolean addsSpace() {
        String text = json.path("normalizer").toString() + json.path("pre_tokenizer");
        return settings.path("add_prefix_space")
                .asBoolean(text.contains("\"Prepend\"")
                        || text.contains("\"prepend_scheme\":\"always\"")
                        || text.contains("\"prepend_scheme\":\"first\""));
    }

    private void unigram() {
        String normalizer = json.path("normalizer").toString();
        put("add_space_prefix", GgufValue.of(true));
        put("remove_extra_whitespaces", GgufValue.of(normalizer.contains("{2,}")));
        for (JsonNode found : json.path("normalizer").findValues("precompiled_charsmap")) {
            byte[] map = decoded(found.asText());
            int[] values = new int[map.length];
            Arrays.setAll(values, i -> map[i] & 0xff);
            put("precompiled_charsmap", new GgufValue(GgufType.ARRAY, GgufType.UINT8, values));
        }
    }

    private byte[] decoded(String base64) {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new BadInputException(file + ": precompiled_charsmap is not base64; download the file again", e);
        }
    }

    private void specialTokens() {
        Map<String, Integer> ids = new HashMap<>();
        json.path("added_tokens")
                .forEach(t -> ids.put(t.path("content").asText(), t.path("id").asInt()));
        for (String name : List.of("bos", "eos", "unk", "sep", "pad", "mask", "cls")) {
            String as = switch (name) {
                case "unk" -> "unknown";
                case "sep" -> "seperator"; // misspelt in the format
                case "pad" -> "padding";
                case "cls" -> "bos";
                default -> name;
            };
            JsonNode given = settings.path(name + "_token");
            String text =
                    given.isTextual() ? given.asText() : given.path("content").asText("");
            JsonNode number = config.path(name + "_token_id");
            int id = ids.getOrDefault(text, (number.isArray() ? number.path(0) : number).asInt(-1));
            if (id >= 0 && id < tokens.length) {
                keys.putIfAbsent("tokenizer.ggml." + as + "_token_id", GgufValue.of(id));
            }
        }
        boolean ends = !keys.containsKey("tokenizer.ggml.eos_token_id")
                && keys.containsKey("tokenizer.ggml.seperator_token_id");
        if (ends) {
            put("eos_token_id", GgufValue.of(id("seperator_token_id")));
        }
    }

    private int id(String key) {
        GgufValue value = keys.get("tokenizer.ggml." + key);
        return value != null && value.value() instanceof Long n ? n.intValue() : -1;
    }

    /** Which tokens the post-processor puts before and after a text. */
    private void addedAround() {
        boolean first = false;
        boolean last = false;
        JsonNode post = json.path("post_processor");
        List<JsonNode> processors = new ArrayList<>();
        (post.has("processors") ? post.path("processors") : List.of(post)).forEach(processors::add);
        for (JsonNode processor : processors) {
            JsonNode single = processor.path("single");
            switch (processor.path("type").asText("")) {
                case "TemplateProcessing" -> {
                    first |= single.path(0).has("SpecialToken");
                    last |= single.path(single.size() - 1).has("SpecialToken");
                }
                case "BertProcessing", "RobertaProcessing" -> {
                    first = true;
                    last = true;
                }
                default -> {
                    // adds nothing
                }
            }
        }
        put("add_bos_token", GgufValue.of(settings.path("add_bos_token").asBoolean(first)));
        put("add_eos_token", GgufValue.of(settings.path("add_eos_token").asBoolean(last)));
    }

    private void chatTemplate(Path directory) {
        JsonNode given = settings.path("chat_template");
        JsonFiles.textIfThere(directory.resolve("chat_template.jinja"))
                .ifPresentOrElse(t -> keys.put("tokenizer.chat_template", GgufValue.of(t)), () -> {
                    if (given.isTextual()) {
                        keys.put("tokenizer.chat_template", GgufValue.of(given.asText()));
                    }
                    for (JsonNode named : given.isArray() ? given : List.<JsonNode>of()) {
                        if (named.path("name").asText().equals("default")) {
                            keys.put(
                                    "tokenizer.chat_template",
                                    GgufValue.of(named.path("template").asText()));
                        }
                    }
                });
    }
}
