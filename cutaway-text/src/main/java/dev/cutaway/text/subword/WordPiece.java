package dev.cutaway.text.subword;

import dev.cutaway.text.trace.Steps;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * WordPiece as BERT uses it: from the left of a word, the longest piece that fits, again and again; pieces inside a word carry
 * a prefix. A word with a place where nothing fits is the unknown token as a whole.
 *
 * @param vocabulary the pieces
 * @param unknown the unknown token
 * @param first put before the beginning of a word
 * @param continuing put before the rest of a word
 * @param longestWord longer words (in characters) are unknown
 */
public record WordPiece(PieceTable vocabulary, int unknown, String first, String continuing, int longestWord)
        implements Model {
    @Override
    public void encode(String text, int from, int to, Tokens out) {
        int before = out.count();
        if (text.codePointCount(from, to) > longestWord) {
            out.add(unknown, from, to);
            return;
        }
        for (int at = from; at < to; ) {
            int end = longest(text, at, to, at == from ? first : continuing);
            if (end < 0) {
                out.truncate(before);
                out.add(unknown, from, to);
                return;
            }
            out.add(find(text, at, end, at == from ? first : continuing), at, end);
            at = end;
        }
    }

    private int find(String text, int from, int to, String prefix) {
        return vocabulary.find(prefix.getBytes(StandardCharsets.UTF_8), text, from, to);
    }

    private int longest(String text, int from, int to, String prefix) {
        // No piece is longer than the longest, so a long word costs no more for each of its characters than that.
        int end = Math.min(to, from + Math.max(0, vocabulary.longest() - prefix.length()));
        if (end < to
                && end > from
                && Character.isLowSurrogate(text.charAt(end))
                && Character.isHighSurrogate(text.charAt(end - 1))) {
            end--;
        }
        while (end > from) {
            if (find(text, from, end, prefix) >= 0) {
                return end;
            }
            end = text.offsetByCodePoints(end, -1);
        }
        return -1;
    }

    @Override
    public Steps explain(String text, int from, int to) {
        if (text.codePointCount(from, to) > longestWord) {
            return new Steps.LongestFirst(List.of(), "longer than " + longestWord + " characters");
        }
        List<Steps.Take> takes = new ArrayList<>();
        for (int at = from; at < to; ) {
            String prefix = at == from ? first : continuing;
            int end = longest(text, at, to, prefix);
            if (end < 0) {
                return new Steps.LongestFirst(
                        takes, "no piece begins with \"" + prefix + Character.toString(text.codePointAt(at)) + "\"");
            }
            takes.add(new Steps.Take(
                    at - from,
                    end - from,
                    prefix + text.substring(at, end),
                    find(text, at, end, prefix),
                    text.codePointCount(end, to)));
            at = end;
        }
        return new Steps.LongestFirst(takes, "");
    }

    @Override
    public String describe() {
        return "WordPiece";
    }
}
