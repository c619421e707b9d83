package dev.cutaway.text.subword;

import dev.cutaway.tensor.BadInputException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A vocabulary: pieces by id and ids by piece. The way from piece to id is an open-addressing table that looks up a stretch
 * of a string without cutting it out. Ids may have gaps.
 */
public final class PieceTable {
    /** More pieces than any known vocabulary; a file that claims more is refused before memory is taken for it. */
    public static final int MOST_PIECES = 16_000_000;

    private final @Nullable String[] pieces;
    private final int[] slots; // id + 1, 0 = free
    private final int count;
    private final int longest;

    private PieceTable(@Nullable String[] pieces, boolean lastWins) {
        this.pieces = pieces;
        int n = 0;
        int most = 0;
        for (String piece : pieces) {
            if (piece != null) {
                n++;
                most = Math.max(most, piece.length());
            }
        }
        this.longest = most;
        this.slots = new int[Math.max(16, Integer.highestOneBit(Math.max(1, n)) << 2)];
        int distinct = 0;
        for (int id = 0; id < pieces.length; id++) {
            String piece = pieces[id];
            if (piece != null && insert(piece, id, lastWins)) {
                distinct++;
            }
        }
        this.count = distinct;
    }

    /** From a list whose positions are the ids; of equal pieces the last has the id. */
    public static PieceTable of(List<String> pieces) {
        return new PieceTable(pieces.toArray(String[]::new), true);
    }

    /** From an array whose positions are the ids; null is an id without a piece. */
    public static PieceTable of(@Nullable String[] pieces) {
        return new PieceTable(pieces.clone(), true);
    }

    /** Collects pieces that come with their ids; {@link #add} refuses an id that is out of range or given twice. */
    public static final class Builder {
        private final String where;
        private @Nullable String[] pieces = new String[1024];
        private int size;

        /** {@code where} names the file and field for messages. */
        public Builder(String where) {
            this.where = where;
        }

        /** Adds a piece. */
        public void add(String piece, long id) {
            if (id < 0 || id >= MOST_PIECES) {
                throw new BadInputException(where + ": id " + id + " of \"" + shorten(piece) + "\" is outside 0.."
                        + (MOST_PIECES - 1) + "; the file is damaged, get it again");
            }
            int at = (int) id;
            if (at >= pieces.length) {
                pieces = Arrays.copyOf(pieces, Math.max(at + 1, Math.min(MOST_PIECES, pieces.length * 2)));
            }
            String other = pieces[at];
            if (other != null && !other.equals(piece)) {
                throw new BadInputException(where + ": id " + id + " is given to both \"" + shorten(other) + "\" and \""
                        + shorten(piece) + "\"; ids must be unique, get the file again");
            }
            pieces[at] = piece;
            size = Math.max(size, at + 1);
        }

        /** The finished table. */
        public PieceTable build() {
            return new PieceTable(Arrays.copyOf(pieces, size), true);
        }
    }

    /** The first 40 characters, for messages. */
    public static String shorten(String piece) {
        return piece.length() <= 40 ? piece : piece.substring(0, 40) + "...";
    }

    private boolean insert(String piece, int id, boolean lastWins) {
        int mask = slots.length - 1;
        int at = hash(piece, 0, piece.length()) & mask;
        while (slots[at] != 0) {
            if (piece.equals(pieces[slots[at] - 1])) {
                if (lastWins) {
                    slots[at] = id + 1;
                }
                return false;
            }
            at = (at + 1) & mask;
        }
        slots[at] = id + 1;
        return true;
    }

    /** A hash of {@code s[from, to)}. */
    public static int hash(String s, int from, int to) {
        int h = to - from;
        for (int i = from; i < to; i++) {
            h = h * 0x01000193 ^ s.charAt(i);
        }
        h ^= h >>> 15;
        h *= 0x2c1b3c6d;
        return h ^ h >>> 13;
    }

    /** Id of the piece {@code s[from, to)}, or -1. */
    public int find(String s, int from, int to) {
        int n = to - from;
        if (n > longest) {
            return -1;
        }
        int mask = slots.length - 1;
        int at = hash(s, from, to) & mask;
        while (slots[at] != 0) {
            String piece = pieces[slots[at] - 1];
            if (piece != null && piece.length() == n && s.regionMatches(from, piece, 0, n)) {
                return slots[at] - 1;
            }
            at = (at + 1) & mask;
        }
        return -1;
    }

    /** Id of {@code piece}, or -1. */
    public int find(String piece) {
        return find(piece, 0, piece.length());
    }

    /** The piece with this id, or null if no piece has it. */
    public @Nullable String piece(int id) {
        return id >= 0 && id < pieces.length ? pieces[id] : null;
    }

    /** UTF-16 units of a piece, 0 if no piece has this id. */
    public int length(int id) {
        String piece = piece(id);
        return piece == null ? 0 : piece.length();
    }

    /** One more than the highest id. */
    public int size() {
        return pieces.length;
    }

    /** Number of distinct pieces. */
    public int count() {
        return count;
    }

    /** UTF-16 units of the longest piece. */
    public int longest() {
        return longest;
    }
}
