package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.List;

/**
 * A rendered conversation that still knows which control tokens came from people and not from the template. A user who
 * writes {@code <|im_end|>} writes text; only the template's own is the end of a turn.
 *
 * @param text what the model reads
 * @param literals the places of control tokens that are mere text, in order
 */
public record RenderedChat(String text, List<Span> literals) {
    public RenderedChat {
        literals = List.copyOf(literals);
    }

    /**
     * The text cut at the literals, for a tokenizer: pieces that are not literal are encoded with special tokens
     * recognised, literal ones without. Empty pieces are left out.
     */
    public List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        int at = 0;
        for (Span literal : literals) {
            add(pieces, at, literal.from(), false);
            add(pieces, literal.from(), literal.to(), true);
            at = literal.to();
        }
        add(pieces, at, text.length(), false);
        return pieces;
    }

    private void add(List<Piece> pieces, int from, int to, boolean literal) {
        if (from < to) {
            pieces.add(new Piece(text.substring(from, to), literal));
        }
    }

    /**
     * A part of the text to be encoded on its own.
     *
     * @param text its characters
     * @param literal whether control tokens in it are mere text
     */
    public record Piece(String text, boolean literal) {}

    /**
     * A part of the text, in UTF-16 units.
     *
     * @param from its start
     * @param to its end, excluded
     */
    public record Span(int from, int to) {}
}
