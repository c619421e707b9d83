package dev.cutaway.text.subword;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.PackedTexts;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A vocabulary: pieces by id and ids by piece. Pieces are UTF-8 in one array, and the way from piece to id is an
 * open-addressing table of ints, so that a quarter of a million pieces are four arrays and no strings. A stretch of a text is
 * looked up without cutting it out. Ids may have gaps.
 */
public final class PieceTable {
    /** More pieces than any known vocabulary; a file that claims more is refused before memory is taken for it. */
    public static final int MOST_PIECES = 16_000_000;

    private static final int ID = 0xFFFFFF; // the part of a slot that holds an id + 1
    private static final int SEED = 0x811C9DC5;
    private static final byte[] NO_PREFIX = {};
    private static final byte[] LETTERS = new byte[512]; // of ByteAlphabet, in UTF-8; 0 second for those of one byte

    static {
        for (int b = 0; b < 256; b++) {
            char c = ByteAlphabet.letter(b);
            LETTERS[2 * b] = (byte) (c < 0x80 ? c : 0xC0 | c >> 6);
            LETTERS[2 * b + 1] = (byte) (c < 0x80 ? 0 : 0x80 | c & 0x3F);
        }
    }

    private final PackedTexts texts;
    private final byte[] bytes;
    private final int[] starts;
    private final BitSet missing; // ids without a piece
    private final int[] slots; // eight bits of the hash, then id + 1; 0 = free
    private int count;
    private int mostBytes;
    private int longest = -1; // found when asked for

    private PieceTable(PackedTexts texts, BitSet missing) {
        this.texts = texts;
        this.bytes = texts.bytes();
        this.starts = texts.starts();
        this.missing = missing;
        int n = texts.size() - missing.cardinality();
        this.slots = new int[Integer.highestOneBit(Math.max(8, n + (n >> 1))) << 1];
        for (int id = 0; id < starts.length - 1; id += 64) { // in pieces: see PackedTexts.Builder
            enter(id, Math.min(starts.length - 1, id + 64));
        }
    }

    /** A view of another table without some of its pieces, none of which is there twice. */
    private PieceTable(PieceTable whole, BitSet missing) {
        this.texts = whole.texts;
        this.bytes = whole.bytes;
        this.starts = whole.starts;
        this.missing = missing;
        this.slots = whole.slots;
        this.count = whole.size() - missing.cardinality();
        this.mostBytes = whole.mostBytes;
    }

    private void enter(int from, int to) {
        for (int id = from; id < to; id++) {
            if (missing.isEmpty() || !missing.get(id)) {
                count += enter(id);
                mostBytes = Math.max(mostBytes, starts[id + 1] - starts[id]);
            }
        }
    }

    /** From a list whose positions are the ids; of equal pieces the last has the id. */
    public static PieceTable of(List<String> pieces) {
        return new PieceTable(PackedTexts.of(pieces), new BitSet());
    }

    /** From an array whose positions are the ids; null is an id without a piece. */
    public static PieceTable of(@Nullable String[] pieces) {
        PackedTexts.Builder all = new PackedTexts.Builder(pieces.length, 8 * pieces.length);
        BitSet missing = new BitSet();
        for (int id = 0; id < pieces.length; id++) {
            String piece = pieces[id];
            all.add(piece == null ? "" : piece);
            if (piece == null) {
                missing.set(id);
            }
        }
        return new PieceTable(all.build(), missing);
    }

    /** The same pieces without some; those that are left have the ids they had. */
    public PieceTable without(BitSet out) {
        if (out.isEmpty()) {
            return this;
        }
        BitSet gone = (BitSet) missing.clone();
        gone.or(out);
        boolean distinct = count == texts.size() - missing.cardinality();
        return distinct ? new PieceTable(this, gone) : new PieceTable(texts, gone);
    }

    /** Collects pieces that come with their ids; {@link #add} refuses an id that is out of range or given twice. */
    public static final class Builder {
        private final String where;
        private final PackedTexts.Builder given = new PackedTexts.Builder(1024, 8192);
        private int[] places = new int[1024]; // of an id among those given, + 1
        private int size;
        private boolean inOrder = true;

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
            if (at >= places.length) {
                places = Arrays.copyOf(places, Math.max(at + 1, Math.min(MOST_PIECES, places.length * 2)));
            }
            if (places[at] != 0) {
                String other = given.get(places[at] - 1);
                if (!other.equals(piece)) {
                    throw new BadInputException(where + ": id " + id + " is given to both \"" + shorten(other)
                            + "\" and \"" + shorten(piece) + "\"; ids must be unique, get the file again");
                }
                return;
            }
            inOrder &= at == given.size();
            given.add(piece);
            places[at] = given.size();
            size = Math.max(size, at + 1);
        }

        /** The finished table. */
        public PieceTable build() {
            PackedTexts all = given.build();
            if (inOrder) {
                return new PieceTable(all, new BitSet());
            }
            @Nullable String[] pieces = new String[size];
            for (int id = 0; id < size; id++) {
                pieces[id] = places[id] == 0 ? null : all.get(places[id] - 1);
            }
            return of(pieces);
        }
    }

    /** The first 40 characters, for messages. */
    public static String shorten(String piece) {
        return piece.length() <= 40 ? piece : piece.substring(0, 40) + "...";
    }

    /** Enters a piece; a later one that is equal takes the place. Returns how many distinct ones that adds. */
    private int enter(int id) {
        int from = starts[id];
        int to = starts[id + 1];
        int h = finish(fold(SEED, bytes, from, to));
        int mask = slots.length - 1;
        int tag = h & ~ID;
        for (int at = h & mask; ; at = at + 1 & mask) {
            int slot = slots[at];
            if (slot == 0
                    || (slot & ~ID) == tag && equal(starts[(slot & ID) - 1], starts[slot & ID], bytes, from, to)) {
                slots[at] = tag | id + 1;
                return slot == 0 ? 1 : 0;
            }
        }
    }

    /** The hash of some bytes, continued; begins with {@link #SEED}. */
    private static int fold(int hash, byte[] b, int from, int to) {
        int h = hash;
        for (int i = from; i < to; i++) {
            h = fold(h, b[i]);
        }
        return h;
    }

    private static int fold(int h, int b) {
        return (h ^ b) * 0x01000193;
    }

    private static int finish(int folded) {
        int h = (folded ^ folded >>> 15) * 0x2C1B3C6D;
        return h ^ h >>> 13;
    }

    /** An id that was found, or -1 if this view of the table leaves it out. */
    private int present(int id) {
        return missing.get(id) ? -1 : id;
    }

    /** Whether {@code bytes[start, end)} is {@code b[from, to)}. */
    private boolean equal(int start, int end, byte[] b, int from, int to) {
        if (end - start != to - from) {
            return false;
        }
        for (int i = start, k = from; i < end; i++, k++) { // short, and often interpreted: quicker than Arrays.equals
            if (bytes[i] != b[k]) {
                return false;
            }
        }
        return true;
    }

    /** Id of the piece whose UTF-8 form is {@code b[from, to)}, or -1. */
    public int find(byte[] b, int from, int to) {
        return find(fold(SEED, b, from, to), b, from, to, to, to);
    }

    private int find(int folded, byte[] b, int from, int to, int from2, int to2) {
        int h = finish(folded);
        int mask = slots.length - 1;
        int tag = h & ~ID;
        for (int at = h & mask; slots[at] != 0; at = at + 1 & mask) {
            if ((slots[at] & ~ID) == tag) {
                int id = (slots[at] & ID) - 1;
                int cut = starts[id] + to - from;
                if (cut <= starts[id + 1]
                        && equal(starts[id], cut, b, from, to)
                        && equal(cut, starts[id + 1], b, from2, to2)) {
                    return present(id);
                }
            }
        }
        return -1;
    }

    /**
     * Looks up two stretches of {@code b} and what they spell together; their ids go to {@code ids}: left, right, both.
     * False if any is no piece.
     */
    public boolean findMerge(byte[] b, int left, int leftEnd, int right, int rightEnd, int[] ids) {
        int folded = fold(SEED, b, left, leftEnd);
        ids[0] = find(folded, b, left, leftEnd, leftEnd, leftEnd);
        ids[1] = find(fold(SEED, b, right, rightEnd), b, right, rightEnd, rightEnd, rightEnd);
        ids[2] = find(fold(folded, b, right, rightEnd), b, left, leftEnd, right, rightEnd);
        return (ids[0] | ids[1] | ids[2]) >= 0;
    }

    /** Id of the piece that spells {@code b[from, to)} in the letters of {@link ByteAlphabet}, or -1. */
    int findSpelled(byte[] b, int from, int to) {
        if (to - from > mostBytes) {
            return -1;
        }
        int folded = SEED;
        for (int i = from; i < to; i++) {
            int letter = 2 * (b[i] & 0xFF);
            folded = fold(folded, LETTERS[letter]);
            if (LETTERS[letter + 1] != 0) {
                folded = fold(folded, LETTERS[letter + 1]);
            }
        }
        int h = finish(folded);
        int mask = slots.length - 1;
        int tag = h & ~ID;
        for (int at = h & mask; slots[at] != 0; at = at + 1 & mask) {
            if ((slots[at] & ~ID) == tag && spells((slots[at] & ID) - 1, b, from, to)) {
                return present((slots[at] & ID) - 1);
            }
        }
        return -1;
    }

    private boolean spells(int id, byte[] b, int from, int to) {
        int at = starts[id];
        int end = starts[id + 1];
        for (int i = from; i < to; i++) {
            int letter = 2 * (b[i] & 0xFF);
            if (at >= end || bytes[at++] != LETTERS[letter]) {
                return false;
            }
            if (LETTERS[letter + 1] != 0 && (at >= end || bytes[at++] != LETTERS[letter + 1])) {
                return false;
            }
        }
        return at == end;
    }

    /** Id of the piece {@code s[from, to)}, or -1. */
    public int find(String s, int from, int to) {
        return find(NO_PREFIX, s, from, to);
    }

    /** Id of the piece that {@code prefix} (in UTF-8) and {@code s[from, to)} are together, or -1. */
    int find(byte[] prefix, String s, int from, int to) {
        if (to - from + prefix.length > mostBytes) {
            return -1;
        }
        int h = finish(fold(fold(SEED, prefix, 0, prefix.length), s, from, to));
        int mask = slots.length - 1;
        int tag = h & ~ID;
        for (int at = h & mask; slots[at] != 0; at = at + 1 & mask) {
            if ((slots[at] & ~ID) == tag && equal((slots[at] & ID) - 1, prefix, s, from, to)) {
                return present((slots[at] & ID) - 1);
            }
        }
        return -1;
    }

    private boolean equal(int id, byte[] prefix, String s, int from, int to) {
        int at = starts[id];
        int end = starts[id + 1];
        for (byte b : prefix) {
            if (at >= end || bytes[at++] != b) {
                return false;
            }
        }
        return equal(at, end, s, from, to);
    }

    private static boolean isPair(String s, int i, int to) {
        return Character.isHighSurrogate(s.charAt(i)) && i + 1 < to && Character.isLowSurrogate(s.charAt(i + 1));
    }

    private static int fold(int folded, String s, int from, int to) {
        int h = folded;
        for (int i = from; i < to; i++) {
            char c = s.charAt(i);
            h = c < 0x80 ? fold(h, c) : isPair(s, i, to) ? foldWide(h, s.codePointAt(i++)) : foldWide(h, c);
        }
        return h;
    }

    private static int foldWide(int hash, int c) {
        int h;
        if (c < 0x800) {
            h = fold(hash, (byte) (0xC0 | c >> 6));
        } else if (c < 0x10000) {
            h = fold(hash, (byte) (0xE0 | c >> 12));
            h = fold(h, (byte) (0x80 | c >> 6 & 0x3F));
        } else {
            h = fold(hash, (byte) (0xF0 | c >> 18));
            h = fold(h, (byte) (0x80 | c >> 12 & 0x3F));
            h = fold(h, (byte) (0x80 | c >> 6 & 0x3F));
        }
        return fold(h, (byte) (0x80 | c & 0x3F));
    }

    /** Whether {@code bytes[start, end)} is the UTF-8 form of {@code s[from, to)}. */
    private boolean equal(int start, int end, String s, int from, int to) {
        int at = start;
        for (int i = from; i < to; i++) {
            char c = s.charAt(i);
            if (c < 0x80) {
                if (at >= end || bytes[at++] != c) {
                    return false;
                }
                continue;
            }
            int code = isPair(s, i, to) ? s.codePointAt(i++) : c;
            int n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
            if (end - at < n || bytes[at] != (byte) (0xF00 >> n | code >> 6 * (n - 1))) {
                return false;
            }
            for (int k = 1; k < n; k++) {
                if (bytes[at + k] != (byte) (0x80 | code >> 6 * (n - 1 - k) & 0x3F)) {
                    return false;
                }
            }
            at += n;
        }
        return at == end;
    }

    /** Id of {@code piece}, or -1. */
    public int find(String piece) {
        return find(piece, 0, piece.length());
    }

    private boolean has(int id) {
        return id >= 0 && id < starts.length - 1 && !missing.get(id);
    }

    /** The piece with this id, or null if no piece has it. A new string each time. */
    public @Nullable String piece(int id) {
        return has(id) ? texts.get(id) : null;
    }

    /** UTF-16 units of a piece, 0 if no piece has this id. */
    public int length(int id) {
        int n = 0;
        if (has(id)) {
            for (int i = starts[id]; i < starts[id + 1]; i++) {
                int b = bytes[i];
                n += (b & 0xC0) == 0x80 ? 0 : (b & 0xF0) == 0xF0 ? 2 : 1;
            }
        }
        return n;
    }

    /** One more than the highest id. */
    public int size() {
        return starts.length - 1;
    }

    /** Number of distinct pieces. */
    public int count() {
        return count;
    }

    /** UTF-16 units of the longest piece. */
    public int longest() {
        int most = longest;
        if (most < 0) {
            most = 0;
            for (int id = 0; id < size(); id++) {
                if (starts[id + 1] - starts[id] > most) {
                    most = Math.max(most, length(id));
                }
            }
            longest = most; // a race finds the same number twice
        }
        return most;
    }
}
