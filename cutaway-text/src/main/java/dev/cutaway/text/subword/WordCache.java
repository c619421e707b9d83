package dev.cutaway.text.subword;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the tokens of words seen before. Direct-mapped: a word has one place, and a newer word with the same place takes
 * it, so memory is bounded and nothing is ever locked. Entries are immutable, so threads may share the cache.
 */
final class WordCache {
    private static final int SLOTS = 1 << 16;
    private static final int LONGEST_WORD = 48;

    /** A word and its tokens, four ints each as in {@link Tokens}, positions relative to the word. */
    @SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
    record Entry(String word, int[] tokens) {}

    private volatile @Nullable AtomicReferenceArray<@Nullable Entry> slots; // made for the first word

    private static int hash(String s, int from, int to) {
        int h = to - from;
        for (int i = from; i < to; i++) {
            h = h * 0x01000193 ^ s.charAt(i);
        }
        h ^= h >>> 15;
        h *= 0x2C1B3C6D;
        return h ^ h >>> 13;
    }

    /** Adds the remembered tokens of {@code text[from, to)} to {@code out}; false if the word is not remembered. */
    boolean replay(String text, int from, int to, Tokens out) {
        int n = to - from;
        AtomicReferenceArray<@Nullable Entry> all = slots;
        if (n > LONGEST_WORD || all == null) {
            return false;
        }
        Entry entry = all.getAcquire(hash(text, from, to) & (SLOTS - 1));
        if (entry == null || entry.word.length() != n || !text.regionMatches(from, entry.word, 0, n)) {
            return false;
        }
        int[] t = entry.tokens;
        for (int i = 0; i < t.length; i += 4) {
            out.add(t[i], t[i + 1] + from, t[i + 2] + from, t[i + 3]);
        }
        return true;
    }

    /** Remembers tokens {@code first} and following of {@code out} as those of {@code text[from, to)}. */
    void remember(String text, int from, int to, Tokens out, int first) {
        if (to - from > LONGEST_WORD) {
            return;
        }
        AtomicReferenceArray<@Nullable Entry> all = slots;
        if (all == null) {
            all = new AtomicReferenceArray<>(SLOTS); // by two threads at once: one is lost
            slots = all;
        }
        int[] t = new int[4 * (out.count() - first)];
        for (int i = first; i < out.count(); i++) {
            int at = 4 * (i - first);
            t[at] = out.id(i);
            t[at + 1] = out.from(i) - from;
            t[at + 2] = out.to(i) - from;
            t[at + 3] = out.part(i);
        }
        all.setRelease(hash(text, from, to) & (SLOTS - 1), new Entry(text.substring(from, to), t));
    }
}
