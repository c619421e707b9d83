package dev.cutaway.text.subword;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Byte-level BPE of words that are stretches of UTF-8, for one thread at a time.
 *
 * <p>Words seen before are remembered: those of up to 15 bytes, which most are, are their own key, two longs that are compared
 * in two steps; longer ones are known by a hash and compared byte by byte. The memory begins small, grows with the words that come, and
 * is emptied when it holds its most, so that it is bounded whatever the text. A new word is merged in arrays that are kept: short words
 * by looking for the lowest rank again and again, long ones by {@link Merger}.
 */
public final class ByteWords {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int INLINE = 15; // bytes of a word that is its own key
    private static final int LONGEST = 96; // longer words are not remembered
    private static final int FIRST_SLOTS = 1 << 8;
    private static final int MOST_SLOTS = 1 << 16;
    private static final int MOST_BYTES = 1 << 19; // of long words
    private static final int MOST_IDS = 1 << 17; // of words of more than two tokens
    private static final int SCAN_AT_MOST = 32;

    private final PieceTable pieces;
    private final MergeTable merges;
    private final boolean ignoreMerges;
    private final int[] byteIds; // of the pieces of single bytes, -1 where there is none

    // Three longs a slot: the first 8 bytes (of a long word a hash); the others and the length in the top byte (of a
    // long word
    // where its bytes are kept); one or two ids, or where they are kept. A free slot has length 0.
    private long[] slots = new long[3 * FIRST_SLOTS];
    private int mask = FIRST_SLOTS - 1;
    private int used;
    private byte[] longWords = new byte[0];
    private int longEnd;
    private int[] ids = new int[0];
    private int idsEnd;

    private boolean unspelled;
    private int[] out = new int[64];
    private int count;
    private int[] word = new int[SCAN_AT_MOST];
    private final long[] pairs = new long[SCAN_AT_MOST];

    ByteWords(PieceTable pieces, MergeTable merges, boolean ignoreMerges, int[] byteIds) {
        this.pieces = pieces;
        this.merges = merges;
        this.ignoreMerges = ignoreMerges;
        this.byteIds = byteIds;
    }

    /** Begins a new text of about so many tokens. */
    public void begin(int room) {
        count = 0;
        unspelled = false;
        if (out.length < room) {
            out = new int[room];
        }
    }

    /** Whether the text had a byte that no piece stands for: its tokens are not right then. */
    public boolean unspelled() {
        return unspelled;
    }

    /** Number of tokens so far. */
    public int count() {
        return count;
    }

    /** Token {@code i}. */
    public int id(int i) {
        return out[i];
    }

    /** The tokens, and gives up memory that only long texts need. */
    public int[] end() {
        int[] all = Arrays.copyOf(out, count);
        if (out.length > 1 << 14) {
            out = new int[64];
        }
        return all;
    }

    /** Adds a token that is no word. */
    public void add(int id) {
        if (count == out.length) {
            out = Arrays.copyOf(out, 2 * count);
        }
        out[count++] = id;
    }

    /** Adds the tokens of {@code text[from, to)}, which is not empty. */
    public void word(byte[] text, int from, int to) {
        int n = to - from;
        if (n == 1) {
            int id = byteIds[text[from] & 0xFF];
            unspelled |= id < 0;
            add(id);
            return;
        }
        if (n > INLINE) {
            longWord(text, from, to);
            return;
        }
        long a = bytes(text, from, Math.min(8, n));
        long b = (n > 8 ? bytes(text, from + 8, n - 8) : 0) | (long) n << 56;
        long[] s = slots;
        int at = 3 * (hash(a, b) & mask);
        while (s[at] != a || s[at + 1] != b) {
            if (s[at + 1] == 0) {
                remember(at, a, b, merge(text, from, to));
                return;
            }
            at = at + 3 == s.length ? 0 : at + 3;
        }
        replay(s[at + 2]);
    }

    /** {@code n} bytes, 1 to 8, the first lowest, zeros above them. */
    private static long bytes(byte[] text, int from, int n) {
        if (from + 8 <= text.length) {
            return (long) LONG.get(text, from) & -1L >>> 64 - 8 * n;
        }
        long v = 0;
        for (int i = n - 1; i >= 0; i--) {
            v = v << 8 | text[from + i] & 0xFF;
        }
        return v;
    }

    private static int hash(long a, long b) {
        long h = (a ^ b * 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
        return (int) (h >>> 32) ^ (int) (h >>> 50);
    }

    private void longWord(byte[] text, int from, int to) {
        int n = to - from;
        if (n > LONGEST) {
            merge(text, from, to);
            return;
        }
        long a = n;
        for (int i = from; i + 8 <= to; i += 8) {
            a = (a ^ (long) LONG.get(text, i)) * 0x9E3779B97F4A7C15L;
            a ^= a >>> 29;
        }
        a = (a ^ (long) LONG.get(text, to - 8)) * 0x9E3779B97F4A7C15L;
        int at = 3 * (hash(a, n) & mask);
        while (slots[at + 1] != 0) {
            if (slots[at] == a && slots[at + 1] >>> 56 == n) {
                int kept = (int) slots[at + 1];
                if (Arrays.equals(longWords, kept, kept + n, text, from, to)) {
                    replay(slots[at + 2]);
                    return;
                }
            }
            at = at + 3 == slots.length ? 0 : at + 3;
        }
        int first = merge(text, from, to);
        if (longEnd + n > longWords.length) {
            longWords = Arrays.copyOf(longWords, Math.max(1 << 10, 2 * longWords.length));
        }
        System.arraycopy(text, from, longWords, longEnd, n);
        long b = (long) n << 56 | longEnd;
        longEnd += n;
        remember(at, a, b, first);
    }

    private void replay(long value) {
        if (count + 2 > out.length) {
            out = Arrays.copyOf(out, 2 * out.length);
        }
        if (value >= 0) { // second id + 1, first id
            out[count++] = (int) value;
            int second = (int) (value >>> 32);
            if (second != 0) {
                out[count++] = second - 1;
            }
            return;
        }
        int n = (int) (value >>> 32) & Integer.MAX_VALUE;
        while (count + n > out.length) {
            out = Arrays.copyOf(out, 2 * out.length);
        }
        System.arraycopy(ids, (int) value, out, count, n);
        count += n;
    }

    /** Remembers tokens {@code first} and following of {@link #out} in a free slot. */
    private void remember(int at, long a, long b, int first) {
        if (unspelled) {
            return;
        }
        int n = count - first;
        slots[at] = a;
        slots[at + 1] = b;
        if (n <= 2) {
            slots[at + 2] = out[first] | (n == 2 ? (long) (out[first + 1] + 1) << 32 : 0);
        } else {
            if (idsEnd + n > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(idsEnd + n, Math.max(1 << 8, 2 * ids.length)));
            }
            System.arraycopy(out, first, ids, idsEnd, n);
            slots[at + 2] = Long.MIN_VALUE | (long) n << 32 | idsEnd;
            idsEnd += n;
        }
        used++;
        if (8L * used > 5L * (slots.length / 3) || longEnd > MOST_BYTES || idsEnd > MOST_IDS) {
            grow();
        }
    }

    private void grow() {
        long[] old = slots;
        boolean full = old.length >= 3 * MOST_SLOTS || longEnd > MOST_BYTES || idsEnd > MOST_IDS;
        if (full) { // forget everything: the words that are frequent are soon back
            Arrays.fill(slots, 0);
            used = 0;
            longEnd = 0;
            idsEnd = 0;
            return;
        }
        slots = new long[4 * old.length];
        mask = slots.length / 3 - 1;
        for (int from = 0; from < old.length; from += 3) {
            if (old[from + 1] != 0) {
                int n = (int) (old[from + 1] >>> 56);
                int at = 3 * (hash(old[from], n > INLINE ? n : old[from + 1]) & mask);
                while (slots[at + 1] != 0) {
                    at = at + 3 == slots.length ? 0 : at + 3;
                }
                System.arraycopy(old, from, slots, at, 3);
            }
        }
    }

    /** Adds the tokens of a word; returns where they begin. */
    private int merge(byte[] text, int from, int to) {
        int first = count;
        for (int i = from; i < to; i++) {
            unspelled |= byteIds[text[i] & 0xFF] < 0;
        }
        if (unspelled) {
            return first;
        }
        int whole = ignoreMerges ? pieces.findSpelled(text, from, to) : -1;
        if (whole >= 0) {
            add(whole);
        } else if (to - from <= SCAN_AT_MOST) {
            scan(text, from, to);
        } else {
            Merger merger = new Merger(to - from);
            for (int i = from; i < to; i++) {
                merger.add(byteIds[text[i] & 0xFF], i, i + 1, -1);
            }
            merger.run((m, l, r) -> merges.find(m.id[l], m.id[r]), (m, l, r, rank, merged) -> {});
            for (int i = 0; i >= 0; i = merger.next[i]) {
                add(merger.id[i]);
            }
        }
        return first;
    }

    private void scan(byte[] text, int from, int to) {
        int[] w = word;
        long[] p = pairs; // of i and i + 1: rank, merged id
        int n = to - from;
        for (int i = 0; i < n; i++) {
            w[i] = byteIds[text[from + i] & 0xFF];
        }
        for (int i = 0; i + 1 < n; i++) {
            p[i] = merges.find(w[i], w[i + 1]);
        }
        while (n > 1) {
            int best = 0;
            for (int i = 1; i < n - 1; i++) {
                if (p[i] >>> 32 < p[best] >>> 32) {
                    best = i;
                }
            }
            if (p[best] == Merger.NEVER) {
                break;
            }
            w[best] = (int) p[best];
            n--;
            for (int i = best + 1; i < n; i++) {
                w[i] = w[i + 1];
                p[i - 1] = p[i];
            }
            if (best + 1 < n) {
                p[best] = merges.find(w[best], w[best + 1]);
            }
            if (best > 0) {
                p[best - 1] = merges.find(w[best - 1], w[best]);
            }
        }
        for (int i = 0; i < n; i++) {
            add(w[i]);
        }
    }
}
