package dev.cutaway.text.subword;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.trace.Steps;

/**
 * Each pre-token is a word of the vocabulary or unknown.
 *
 * @param vocabulary the words
 * @param unknown the unknown token, -1 if there is none
 * @param where the file, for messages
 */
public record WordLevel(PieceTable vocabulary, int unknown, String where) implements Model {
    @Override
    public void encode(String text, int from, int to, Tokens out) {
        int id = vocabulary.find(text, from, to);
        if (id < 0 && unknown < 0) {
            throw new BadInputException(where + ": the text has \"" + PieceTable.shorten(text.substring(from, to))
                    + "\", which is not in the vocabulary, and there is no unknown token; leave it out");
        }
        out.add(id >= 0 ? id : unknown, from, to);
    }

    @Override
    public Steps explain(String text, int from, int to) {
        return new Steps.Whole(text.substring(from, to), vocabulary.find(text, from, to) >= 0);
    }

    @Override
    public String describe() {
        return "WordLevel";
    }
}
