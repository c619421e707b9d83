package dev.cutaway.text.subword;

import dev.cutaway.text.trace.Steps;

/**
 * SentencePiece's two simplest kinds: every character is a piece, or every word with the mark for the space before it.
 *
 * @param vocabulary all pieces
 * @param usable those that may occur in a text
 * @param userDefined symbols that count as one character
 * @param unknown id for what no piece has
 * @param words words instead of characters
 * @param byteFallback what no piece has becomes {@code <0xHH>} tokens
 */
public record PlainPieces(
        PieceTable vocabulary, PieceTable usable, Trie userDefined, int unknown, boolean words, boolean byteFallback)
        implements Model {
    private static final char MARK = '\u2581';

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        int[] byteIds = byteFallback ? Bpe.byteIds(vocabulary) : new int[0];
        int unknownFrom = -1;
        for (int at = from; at < to; ) {
            int end = words ? wordEnd(text, at, to) : characterEnd(text, at, to);
            int id = usable.find(text, at, end);
            if (unknownFrom >= 0 && id >= 0) {
                out.add(unknown, unknownFrom, at);
                unknownFrom = -1;
            }
            if (id >= 0) {
                out.add(id, at, end);
            } else if (!(byteFallback && Unigram.addBytes(byteIds, text, at, end, out))) {
                unknownFrom = unknownFrom < 0 ? at : unknownFrom;
            }
            at = end;
        }
        if (unknownFrom >= 0) {
            out.add(unknown, unknownFrom, to);
        }
    }

    private int characterEnd(String text, int at, int to) {
        int known = userDefined.longest(text, at, to);
        return known > 0 ? at + known : Math.min(to, at + Character.charCount(text.codePointAt(at)));
    }

    private static int wordEnd(String text, int at, int to) {
        int end = at + 1;
        while (end < to && text.charAt(end) != MARK) {
            end++;
        }
        return end;
    }

    @Override
    public Steps explain(String text, int from, int to) {
        return new Steps.Whole(text.substring(from, to), usable.find(text, from, to) >= 0);
    }

    @Override
    public String describe() {
        return words ? "words" : "characters";
    }
}
