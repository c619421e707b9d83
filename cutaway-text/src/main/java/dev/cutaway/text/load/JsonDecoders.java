package dev.cutaway.text.load;

import dev.cutaway.text.join.Decoders;
import dev.cutaway.text.join.PieceDecoder;
import dev.cutaway.text.split.Metaspace;
import java.util.ArrayList;
import java.util.List;

/** The {@code decoder} of a {@code tokenizer.json}. */
final class JsonDecoders {
    private JsonDecoders() {}

    static PieceDecoder read(Json d) {
        String type = d.text("type");
        return switch (type) {
            case "Sequence" -> sequence(d.get("decoders").items());
            case "ByteLevel" -> Decoders.byteLevel();
            case "Metaspace" -> {
                int mark = d.character("replacement", "\u2581");
                yield Decoders.metaspace((char) mark, JsonPreTokenizers.prepend(d) != Metaspace.Prepend.NEVER);
            }
            case "WordPiece" -> Decoders.wordPiece(d.text("prefix", "##"), d.flag("cleanup", true));
            case "BPEDecoder" -> Decoders.wordEnd(d.text("suffix", "</w>"));
            case "CTC" ->
                Decoders.ctc(
                        d.text("pad_token", "<pad>"), d.text("word_delimiter_token", "|"), d.flag("cleanup", true));
            case "ByteFallback" -> Decoders.byteFallback();
            case "Fuse" -> Decoders.fuse();
            case "Strip" ->
                Decoders.strip(
                        d.character("content", " "),
                        d.integer("start", 0, 0, 1 << 20),
                        d.integer("stop", 0, 0, 1 << 20));
            case "Replace" -> Decoders.replace(Patterns.read(d.get("pattern"), false), d.text("content"));
            default ->
                throw d.get("type")
                        .wrong(
                                "a known decoder (ByteLevel, Metaspace, WordPiece, BPEDecoder, CTC, ByteFallback, Fuse, Strip,"
                                        + " Replace, Sequence)");
        };
    }

    /** Joining followed by stripping the front, as most SentencePiece models end, needs not wait for the end of the text. */
    private static PieceDecoder sequence(List<Json> items) {
        List<PieceDecoder> out = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            Json item = items.get(i);
            boolean fuse = item.text("type").equals("Fuse");
            if (fuse && i + 1 == items.size()) {
                continue; // everything is joined in the end anyway
            }
            if (fuse && items.get(i + 1).text("type").equals("Strip")) {
                Json strip = items.get(i + 1);
                if (strip.integer("stop", 0, 0, 1 << 20) == 0 && i + 2 == items.size()) {
                    out.add(Decoders.fuseAndStripFront(
                            strip.character("content", " "), strip.integer("start", 0, 0, 1 << 20)));
                    i++;
                    continue;
                }
            }
            out.add(read(item));
        }
        return new PieceDecoder.Chain(out);
    }
}
