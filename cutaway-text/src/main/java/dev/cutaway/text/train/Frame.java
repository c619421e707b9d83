package dev.cutaway.text.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * All of a {@code tokenizer.json} but its model: how text is changed and cut before training as after it. Training reads these parts
 * with the same code that later opens the file, so what is trained on is what is used.
 *
 * @param normalizer JSON of the normalizer, if any
 * @param preTokenizer JSON of the pre-tokenizer, if any
 * @param decoder JSON of the decoder, if any
 * @param cutsAtSpaces whether a space between a visible ASCII character and an ASCII letter always begins a word, whatever stands before
 */
record Frame(
        Optional<ObjectNode> normalizer,
        Optional<ObjectNode> preTokenizer,
        Optional<ObjectNode> decoder,
        boolean cutsAtSpaces) {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    static Frame of(TokenizerTrainer trainer) {
        return switch (trainer) {
            case BpeTrainer t -> bpe(t);
            case WordPieceTrainer t -> wordPiece(t);
            case UnigramTrainer t -> sentencePiece(t.normalizer(), t.lowercase(), t.prependScheme());
            case SentencePieceBpeTrainer t -> sentencePiece(t.normalizer(), t.lowercase(), t.prependScheme());
            case WordsTrainer t ->
                new Frame(
                        t.lowercase() ? Optional.of(type("Lowercase")) : Optional.empty(),
                        Optional.of(split(t.pattern(), "Removed", true)),
                        Optional.empty(),
                        false);
            case CharactersTrainer t ->
                new Frame(
                        Optional.empty(),
                        Optional.of(split("[\\s\\S]", "Isolated", false)),
                        Optional.of(type("Fuse")),
                        true);
        };
    }

    static ObjectNode type(String name) {
        return NODES.objectNode().put("type", name);
    }

    private static ObjectNode sequence(String key, ObjectNode... parts) {
        ArrayNode list = NODES.arrayNode();
        for (ObjectNode part : parts) {
            list.add(part);
        }
        return type("Sequence").set(key, list);
    }

    private static ObjectNode split(String pattern, String behavior, boolean invert) {
        ObjectNode split = type("Split");
        split.putObject("pattern").put("Regex", pattern);
        return split.put("behavior", behavior).put("invert", invert);
    }

    private static ObjectNode byteLevel(boolean prefixSpace, boolean regex) {
        return type("ByteLevel")
                .put("add_prefix_space", prefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", regex);
    }

    private static Frame bpe(BpeTrainer t) {
        boolean gpt2 = t.pattern().equals("gpt2");
        ObjectNode cuts = byteLevel(t.prefixSpace(), gpt2);
        if (t.individualDigits()) {
            cuts = sequence("pretokenizers", type("Digits").put("individual_digits", true), cuts);
        } else if (!gpt2) {
            String pattern = BpeTrainer.PATTERNS.getOrDefault(t.pattern(), t.pattern());
            cuts = sequence("pretokenizers", split(pattern, "Isolated", false), cuts);
        }
        return new Frame(
                Optional.empty(),
                Optional.of(cuts),
                Optional.of(byteLevel(true, true)),
                BpeTrainer.PATTERNS.containsKey(t.pattern()));
    }

    private static Frame wordPiece(WordPieceTrainer t) {
        ObjectNode normalizer = type("BertNormalizer")
                .put("clean_text", t.cleanText())
                .put("handle_chinese_chars", t.spaceChinese())
                .put("strip_accents", t.stripAccents())
                .put("lowercase", t.lowercase());
        ObjectNode decoder = type("WordPiece").put("prefix", "##").put("cleanup", true);
        return new Frame(Optional.of(normalizer), Optional.of(type("BertPreTokenizer")), Optional.of(decoder), true);
    }

    private static Frame sentencePiece(String normalizer, boolean lowercase, String scheme) {
        ArrayNode steps = NODES.arrayNode();
        switch (normalizer) {
            case "nfkc" -> steps.add(type("NFKC"));
            case "nfc" -> steps.add(type("NFC"));
            case "nmt_nfkc" -> {
                steps.add(type("Nmt"));
                steps.add(type("NFKC"));
                ObjectNode spaces = type("Replace");
                spaces.putObject("pattern").put("Regex", " {2,}");
                steps.add(spaces.put("content", " "));
            }
            default -> {}
        }
        if (lowercase) {
            steps.add(type("Lowercase"));
        }
        Optional<ObjectNode> changes = switch (steps.size()) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of((ObjectNode) steps.get(0));
            default -> Optional.of(type("Sequence").set("normalizers", steps));
        };
        return new Frame(changes, Optional.of(metaspace(scheme)), Optional.of(metaspace(scheme)), true);
    }

    private static ObjectNode metaspace(String scheme) {
        return type("Metaspace")
                .put("replacement", "\u2581")
                .put("prepend_scheme", scheme)
                .put("split", true);
    }
}
