package dev.cutaway.text.load;

import dev.cutaway.text.join.PostProcessor;
import dev.cutaway.text.join.Template;
import dev.cutaway.text.join.TrimOffsets;
import dev.cutaway.text.pipeline.AddedToken;
import dev.cutaway.text.subword.PieceTable;
import java.util.ArrayList;
import java.util.List;

/** The {@code post_processor} of a {@code tokenizer.json}. */
final class JsonPostProcessors {
    private final PieceTable pieces;
    private final List<AddedToken> added;

    private JsonPostProcessors(PieceTable pieces, List<AddedToken> added) {
        this.pieces = pieces;
        this.added = added;
    }

    static PostProcessor read(Json p, PieceTable pieces, List<AddedToken> added) {
        return new JsonPostProcessors(pieces, added).read(p);
    }

    private PostProcessor read(Json p) {
        String type = p.text("type");
        return switch (type) {
            case "Sequence" ->
                new PostProcessor.Chain(
                        p.get("processors").items().stream().map(this::read).toList());
            case "ByteLevel" ->
                p.flag("trim_offsets", true)
                        ? new TrimOffsets(pieces, p.flag("add_prefix_space", true))
                        : PostProcessor.NONE;
            case "TemplateProcessing" -> new Template(template(p.get("single"), p), template(p.get("pair"), p));
            case "BertProcessing" -> bert(p);
            case "RobertaProcessing" -> roberta(p);
            default ->
                throw p.get("type")
                        .wrong(
                                "a known post-processor (TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel,"
                                        + " Sequence)");
        };
    }

    private List<Template.Piece> template(Json pieces, Json processor) {
        List<Template.Piece> out = new ArrayList<>();
        for (Json piece : pieces.items()) {
            if (piece.get("Sequence").present()) {
                Json s = piece.get("Sequence");
                int sequence = switch (s.text("id")) {
                    case "A" -> 0;
                    case "B" -> 1;
                    default -> throw s.get("id").wrong("A or B");
                };
                out.add(new Template.Piece.Text(sequence, s.integer("type_id", 0, 0, 255)));
            } else if (piece.get("SpecialToken").present()) {
                Json s = piece.get("SpecialToken");
                Json token = processor.get("special_tokens").get(s.text("id"));
                List<Integer> ids =
                        token.get("ids").items().stream().map(this::id).toList();
                out.add(new Template.Piece.Special(ids, s.integer("type_id", 0, 0, 255)));
            } else {
                throw piece.wrong("a Sequence or a SpecialToken");
            }
        }
        return out;
    }

    private int id(Json value) {
        long id = value.integer();
        int size = Math.max(
                pieces.size(), added.stream().mapToInt(t -> t.id() + 1).max().orElse(0));
        if (id < 0 || id >= size) {
            throw value.bad("is " + id + ", outside the vocabulary of " + size + " tokens");
        }
        return (int) id;
    }

    /** {@code ["[SEP]", 102]}. */
    private Template.Piece token(Json p, String key, int type) {
        List<Json> pair = p.get(key).items();
        if (pair.size() != 2) {
            throw p.get(key).wrong("a token and its id");
        }
        return new Template.Piece.Special(List.of(id(pair.get(1))), type);
    }

    private PostProcessor bert(Json p) {
        Template.Piece cls = token(p, "cls", 0);
        Template.Piece sep = token(p, "sep", 0);
        return new Template(
                List.of(cls, new Template.Piece.Text(0, 0), sep),
                List.of(cls, new Template.Piece.Text(0, 0), sep, new Template.Piece.Text(1, 1), token(p, "sep", 1)));
    }

    private PostProcessor roberta(Json p) {
        Template.Piece cls = token(p, "cls", 0);
        Template.Piece sep = token(p, "sep", 0);
        Template around = new Template(
                List.of(cls, new Template.Piece.Text(0, 0), sep),
                List.of(cls, new Template.Piece.Text(0, 0), sep, sep, new Template.Piece.Text(1, 0), sep));
        if (!p.flag("trim_offsets", true)) {
            return around;
        }
        return new PostProcessor.Chain(List.of(new TrimOffsets(pieces, p.flag("add_prefix_space", true)), around));
    }
}
