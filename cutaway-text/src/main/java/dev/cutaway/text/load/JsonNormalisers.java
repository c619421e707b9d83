package dev.cutaway.text.load;

import dev.cutaway.text.normal.ByteLetters;
import dev.cutaway.text.normal.Characters;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.Replace;
import dev.cutaway.text.normal.Strip;
import dev.cutaway.text.normal.UnicodeForm;
import java.util.Optional;

/** The {@code normalizer} of a {@code tokenizer.json}. */
final class JsonNormalisers {
    private JsonNormalisers() {}

    static Normaliser read(Json n) {
        String type = n.text("type");
        return switch (type) {
            case "Sequence" ->
                new Normaliser.Chain(n.get("normalizers").items().stream()
                        .map(JsonNormalisers::read)
                        .toList());
            case "NFC" -> UnicodeForm.NFC;
            case "NFD" -> UnicodeForm.NFD;
            case "NFKC" -> UnicodeForm.NFKC;
            case "NFKD" -> UnicodeForm.NFKD;
            case "Lowercase" -> Characters.LOWERCASE;
            case "StripAccents" -> Characters.STRIP_ACCENTS;
            case "Nmt" -> Characters.NMT;
            case "ByteLevel" -> ByteLetters.INSTANCE;
            case "Strip" -> new Strip(n.flag("strip_left", true), n.flag("strip_right", true));
            case "Prepend" -> new Replace.Prepend(n.text("prepend"));
            case "Replace" -> new Replace(Patterns.read(n.get("pattern"), false), n.text("content"));
            case "BertNormalizer" -> bert(n);
            case "Precompiled" -> JsonCharsmap.read(n);
            default ->
                throw n.get("type")
                        .wrong(
                                "a known normalizer (NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Replace, Prepend,"
                                        + " BertNormalizer, Nmt, Precompiled, ByteLevel, Sequence)");
        };
    }

    private static Normaliser bert(Json n) {
        boolean lower = n.flag("lowercase", true);
        Optional<Json> strip = n.find("strip_accents");
        boolean accents = strip.isEmpty() ? lower : n.flag("strip_accents", lower);
        return Characters.bert(n.flag("clean_text", true), n.flag("handle_chinese_chars", true), accents, lower);
    }
}
