package dev.cutaway.text.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Writes a {@code tokenizer.json}, and the {@code tokenizer_config.json} that names the tokens with a role. */
final class TokenizerFile {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final ObjectMapper MAPPER = JsonMapper.builder().build();

    private TokenizerFile() {}

    /** The file; {@code tokens} are all by id, special ones first. */
    static byte[] write(Frame frame, VocabularyOptions options, ObjectNode model) {
        ObjectNode root = NODES.objectNode().put("version", "1.0");
        root.putNull("truncation");
        root.putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (int id = 0; id < options.special().size(); id++) {
            added.addObject()
                    .put("id", id)
                    .put("content", options.special().get(id))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.set("normalizer", orNull(frame.normalizer()));
        root.set("pre_tokenizer", orNull(frame.preTokenizer()));
        root.set("post_processor", orNull(around(options)));
        root.set("decoder", orNull(frame.decoder()));
        root.set("model", model);
        return bytes(root);
    }

    private static JsonNode orNull(Optional<ObjectNode> node) {
        return node.<JsonNode>map(n -> n).orElse(NullNode.instance);
    }

    private static byte[] bytes(ObjectNode root) {
        try {
            String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
            return (text + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The processor that puts {@code begin} and {@code end} around texts. Of a pair, the second text is of type 1. */
    private static Optional<ObjectNode> around(VocabularyOptions options) {
        if (options.begin().isEmpty() && options.end().isEmpty()) {
            return Optional.empty();
        }
        ObjectNode processor = Frame.type("TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        ArrayNode pair = processor.putArray("pair");
        options.begin().ifPresent(t -> {
            special(single, t, 0);
            special(pair, t, 0);
        });
        sequence(single, "A", 0);
        sequence(pair, "A", 0);
        options.end().ifPresent(t -> {
            special(single, t, 0);
            special(pair, t, 0);
        });
        sequence(pair, "B", 1);
        options.end().ifPresent(t -> special(pair, t, 1));
        ObjectNode tokens = processor.putObject("special_tokens");
        List.of(options.begin(), options.end())
                .forEach(token -> token.ifPresent(t -> {
                    ObjectNode entry = tokens.putObject(t).put("id", t);
                    entry.putArray("ids").add(options.special().indexOf(t));
                    entry.putArray("tokens").add(t);
                }));
        return Optional.of(processor);
    }

    private static void special(ArrayNode template, String token, int type) {
        template.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    }

    private static void sequence(ArrayNode template, String id, int type) {
        template.addObject().putObject("Sequence").put("id", id).put("type_id", type);
    }

    private static ObjectNode vocabulary(List<String> tokens) {
        ObjectNode vocabulary = NODES.objectNode();
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        return vocabulary;
    }

    static ObjectNode bpe(List<String> tokens, List<long[]> merges, Optional<String> unknown) {
        ObjectNode model = Frame.type("BPE");
        model.putNull("dropout");
        model.put("unk_token", unknown.orElse(null));
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", unknown.isPresent());
        model.put("byte_fallback", false);
        model.put("ignore_merges", false);
        model.set("vocab", vocabulary(tokens));
        ArrayNode list = model.putArray("merges");
        for (long[] merge : merges) {
            list.addArray().add(tokens.get((int) merge[0])).add(tokens.get((int) merge[1]));
        }
        return model;
    }

    static ObjectNode wordPiece(List<String> tokens, String unknown) {
        ObjectNode model = Frame.type("WordPiece")
                .put("unk_token", unknown)
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", 100);
        model.set("vocab", vocabulary(tokens));
        return model;
    }

    static ObjectNode unigram(List<String> special, List<UnigramLearner.Scored> pieces, int unknown) {
        ObjectNode model = Frame.type("Unigram").put("unk_id", unknown);
        ArrayNode vocabulary = model.putArray("vocab");
        special.forEach(token -> vocabulary.addArray().add(token).add(0.0));
        pieces.forEach(piece -> vocabulary.addArray().add(piece.text()).add(piece.score()));
        return model.put("byte_fallback", false);
    }

    /** The library wants the name of an unknown token even where there is none. */
    static ObjectNode wordLevel(List<String> tokens, Optional<String> unknown) {
        ObjectNode model = Frame.type("WordLevel");
        model.set("vocab", vocabulary(tokens));
        return model.put("unk_token", unknown.orElse("<unk>"));
    }

    /** {@code tokenizer_config.json}: which special token is what, by its use or its name. */
    static byte[] config(VocabularyOptions options) {
        ObjectNode root = NODES.objectNode().put("tokenizer_class", "PreTrainedTokenizerFast");
        role(root, "unk", options.unknown());
        role(
                root,
                "bos",
                options.begin()
                        .filter(t -> !t.equals("[CLS]"))
                        .or(() -> named(
                                options,
                                "<s>",
                                "<bos>",
                                "<|startoftext|>",
                                "<|begin_of_text|>",
                                "[BOS]",
                                "<|endoftext|>")));
        role(
                root,
                "eos",
                options.end()
                        .filter(t -> !t.equals("[SEP]"))
                        .or(() -> named(options, "</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>", "[EOS]")));
        role(root, "pad", named(options, "<pad>", "[PAD]", "<|pad|>"));
        role(root, "cls", named(options, "[CLS]", "<cls>"));
        role(root, "sep", named(options, "[SEP]", "<sep>"));
        role(root, "mask", named(options, "[MASK]", "<mask>"));
        root.put("clean_up_tokenization_spaces", false);
        return bytes(root);
    }

    private static void role(ObjectNode root, String role, Optional<String> token) {
        token.ifPresent(t -> root.put(role + "_token", t));
    }

    private static Optional<String> named(VocabularyOptions options, String... names) {
        return List.of(names).stream().filter(options.special()::contains).findFirst();
    }
}
