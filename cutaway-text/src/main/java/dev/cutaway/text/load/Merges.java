package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.subword.MergeTable;
import dev.cutaway.text.subword.PieceTable;

/** Enters a list of merges into a table, checking every piece that it names. */
final class Merges {
    private final PieceTable pieces;
    private final MergeTable table;
    private final int prefixLength;
    private final boolean lastWins;
    private final String where;
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
        int space = line.indexOf(' ', 1);
        if (space < 0 || space == line.length() - 1) {
            throw new BadInputException(where + "[" + rank + "]: \"" + PieceTable.shorten(line)
                    + "\" is not two pieces with a space between; the file is damaged, get it again");
        }
        add(line.substring(0, space), line.substring(space + 1));
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
