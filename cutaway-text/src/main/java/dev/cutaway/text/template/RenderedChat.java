package dev.cutaway.text.template;

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
     * A part of the text, in UTF-16 units.
     *
     * @param from its start
     * @param to its end, excluded
     */
    public record Span(int from, int to) {}
}
