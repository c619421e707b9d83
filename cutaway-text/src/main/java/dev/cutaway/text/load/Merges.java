package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import dev.cutaway.text.subword.MergeTable;
import dev.cutaway.text.subword.PieceTable;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Enters a list of merges into a table, checking every piece that it names. */
final class Merges {
    private final PieceTable pieces;
    private final MergeTable table;
    private final int prefixLength;
    private final boolean lastWins;
    private final String where;
    private final int[] found = new int[3];
    private int rank;

    /**
     * An empty list.
     *
     * @param prefixLength length of the continuing-subword prefix, which the right piece loses in a merge
     * @param lastWins of a pair that is listed twice, the later holds
     */
    Merges(PieceTable pieces, int count, int prefixLength, boolean lastWins, String where) {
        if (count > PieceTable.MOST_PIECES) {
            throw new BadInputException(where + ": " + count + " merges; at most " + PieceTable.MOST_PIECES
                    + " are accepted, the file is damaged");
        }
        this.pieces = pieces;
        this.table = new MergeTable(count);
        this.prefixLength = prefixLength;
        this.lastWins = lastWins;
        this.where = where;
    }

    /** The next merge. */
    void add(String left, String right) {
        int a = find(left);
        int b = find(right);
        String rest = right.length() >= prefixLength ? right.substring(prefixLength) : "";
        table.put(a, b, rank++, find(left + rest), lastWins);
    }

    /** The next merge, written as two pieces with a space between. */
    void add(String line) {
        addAll(PackedTexts.of(List.of(line)));
    }

    /** The next merges, each written as two pieces with a space between. */
    void addAll(PackedTexts lines) {
        byte[] bytes = lines.bytes();
        int[] starts = lines.starts();
        for (int i = 1; i < starts.length; i++) {
            add(bytes, starts[i - 1], starts[i]);
        }
    }

    private void add(byte[] line, int from, int to) {
        int space = from + 1;
        while (space < to && line[space] != ' ') {
            space++;
        }
        if (space >= to - 1) {
            throw new BadInputException(where + "[" + rank + "]: \"" + PieceTable.shorten(text(line, from, to))
                    + "\" is not two pieces with a space between; the file is damaged, get it again");
        }
        if (prefixLength > 0 || !pieces.findMerge(line, from, space, space + 1, to, found)) {
            add(text(line, from, space), text(line, space + 1, to)); // the long way, which says what is missing
            return;
        }
        table.put(found[0], found[1], rank++, found[2], lastWins);
    }

    private static String text(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.UTF_8);
    }

    private int find(String piece) {
        int id = pieces.find(piece);
        if (id < 0) {
            throw new BadInputException(where + "[" + rank + "]: \"" + PieceTable.shorten(piece)
                    + "\" is not in the vocabulary; vocabulary and merges do not belong together, get both again");
        }
        return id;
    }

    MergeTable done() {
        return table;
    }
}
