package dev.cutaway.text.load;

import dev.cutaway.text.subword.Bpe;
import dev.cutaway.text.subword.Model;
import dev.cutaway.text.subword.PieceTable;
import dev.cutaway.text.subword.Unigram;
import dev.cutaway.text.subword.WordLevel;
import dev.cutaway.text.subword.WordPiece;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** The {@code model} of a {@code tokenizer.json}. */
final class JsonModels {
    private JsonModels() {}

    static Model read(Json model, Optional<Json> added) {
        if (!model.isObject()) {
            throw model.wrong("an object");
        }
        String type = model.find("type").map(Json::text).orElseGet(() -> guess(model));
        return switch (type) {
            case "BPE" -> bpe(model);
            case "Unigram" -> unigram(model);
            case "WordPiece" -> wordPiece(model);
            case "WordLevel" -> wordLevel(model);
            default -> throw model.get("type").wrong("BPE, Unigram, WordPiece or WordLevel");
        };
    }

    /** Files older than the field "type" are told apart by what they hold. */
    private static String guess(Json model) {
        if (model.get("merges").present()) {
            return "BPE";
        }
        if (model.get("vocab").isArray()) {
            return "Unigram";
        }
        return model.get("continuing_subword_prefix").present() ? "WordPiece" : "WordLevel";
    }

    static PieceTable vocabulary(Json vocab) {
        PieceTable.Builder builder = new PieceTable.Builder(vocab.where());
        vocab.fields((piece, id) -> builder.add(piece, id.integer()));
        return builder.build();
    }

    private static Unigram unigram(Json model) {
        List<Json> items = model.get("vocab").items();
        if (items.size() > PieceTable.MOST_PIECES) {
            throw model.get("vocab")
                    .bad("has " + items.size() + " pieces, at most " + PieceTable.MOST_PIECES + " are accepted");
        }
        List<String> texts = new ArrayList<>(items.size());
        double[] scores = new double[items.size()];
        for (Json item : items) {
            List<Json> pair = item.items();
            if (pair.size() != 2) {
                throw item.wrong("a piece and its score");
            }
            scores[texts.size()] = pair.get(1).number();
            texts.add(pair.get(0).text());
        }
        BitSet all = new BitSet();
        all.set(0, items.size());
        int unknown = model.integer("unk_id", -1, 0, Math.max(0, items.size() - 1));
        return new Unigram(
                PieceTable.of(texts),
                scores,
                all,
                new BitSet(),
                all,
                new Unigram.Options(unknown, model.flag("byte_fallback", false), false),
                model.file());
    }

    private static int unknown(Json model, PieceTable pieces, String otherwise) {
        String unknown = model.text("unk_token", otherwise);
        return pieces.find(unknown);
    }

    private static WordPiece wordPiece(Json model) {
        PieceTable pieces = vocabulary(model.get("vocab"));
        int unknown = unknown(model, pieces, "[UNK]");
        if (unknown < 0) {
            throw model.get("unk_token")
                    .bad("is \"" + model.text("unk_token", "[UNK]") + "\", which is not in the vocabulary");
        }
        int longest = model.integer("max_input_chars_per_word", 100, 0, Integer.MAX_VALUE);
        return new WordPiece(pieces, unknown, "", model.text("continuing_subword_prefix", "##"), longest);
    }

    private static WordLevel wordLevel(Json model) {
        PieceTable pieces = vocabulary(model.get("vocab"));
        return new WordLevel(pieces, unknown(model, pieces, "<unk>"), model.file());
    }

    private static Bpe bpe(Json model) {
        PieceTable pieces = vocabulary(model.get("vocab"));
        String prefix = model.text("continuing_subword_prefix", "");
        Optional<Json> list = model.find("merges");
        List<Json> items = list.map(Json::items).orElse(List.of());
        Merges merges = new Merges(
                pieces, items.size(), prefix.length(), true, model.get("merges").where());
        for (Json item : items) {
            if (item.isText()) {
                merges.add(item.text());
            } else {
                List<Json> pair = item.items();
                if (pair.size() != 2) {
                    throw item.wrong("two pieces");
                }
                merges.add(pair.get(0).text(), pair.get(1).text());
            }
        }
        String unknown = model.text("unk_token", "");
        int unknownId = unknown.isEmpty() ? -1 : pieces.find(unknown);
        if (!unknown.isEmpty() && unknownId < 0) {
            throw model.get("unk_token")
                    .bad("is \"" + PieceTable.shorten(unknown) + "\", which is not in the vocabulary");
        }
        Bpe.Options options = new Bpe.Options(
                unknownId,
                model.flag("fuse_unk", false),
                model.flag("byte_fallback", false),
                model.flag("ignore_merges", false),
                prefix,
                model.text("end_of_word_suffix", ""));
        return new Bpe(pieces, merges.done(), options);
    }
}
