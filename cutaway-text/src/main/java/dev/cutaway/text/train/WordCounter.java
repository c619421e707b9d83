package dev.cutaway.text.train;

import dev.cutaway.text.normal.AlignedText;
import dev.cutaway.text.normal.Normaliser;
import dev.cutaway.text.normal.WellFormed;
import dev.cutaway.text.split.Cut;
import dev.cutaway.text.split.PreTokenizer;
import java.util.HashMap;
import java.util.Map;

/**
 * Counts the words (pre-tokens) of texts, for one thread.
 *
 * <p>Normalising and cutting cost far more than counting, and a text says the same things again and again. So, where the steps
 * allow it, the text is first cut where they could not but begin a word (a space between a visible ASCII character and an ASCII
 * letter), these chunks are counted as they are, and each different one goes through the steps once, with its count. When many
 * different chunks have come together they go through the steps and are forgotten, so memory is bounded by the number of
 * different words.
 */
final class WordCounter {
    private static final int LONGEST_CHUNK = 48;
    private static final int MOST_CHUNKS = 1 << 18;
    private static final int WINDOW = 1 << 16;

    private final Normaliser normaliser;
    private final PreTokenizer preTokenizer;
    private final boolean cutsAtSpaces;
    private final Map<String, long[]> words = new HashMap<>();
    private final Chunks chunks = new Chunks();
    private final char[] buffer = new char[WINDOW];

    WordCounter(Normaliser normaliser, PreTokenizer preTokenizer, boolean cutsAtSpaces) {
        this.normaliser = normaliser;
        this.preTokenizer = preTokenizer;
        this.cutsAtSpaces = cutsAtSpaces;
    }

    /** Counts the words of one text. */
    void add(String given) {
        String text = WellFormed.of(given);
        if (!cutsAtSpaces) {
            count(text, 1);
            return;
        }
        for (int from = 0; from < text.length(); ) {
            from = window(text, from);
        }
    }

    /** Counts chunks from a place where one begins; returns the place up to which this was possible. */
    private int window(String text, int from) {
        int n = Math.min(WINDOW, text.length() - from);
        text.getChars(from, from + n, buffer, 0);
        char[] units = buffer;
        int begin = 0;
        int hash = 0;
        for (int i = 0; i < n; i++) {
            char c = units[i];
            if (c == ' ' && i > begin && i + 1 < n && letter(units[i + 1]) && visible(units[i - 1])) {
                chunk(units, begin, i, hash);
                begin = i;
                hash = 0;
            }
            hash = 31 * hash + c;
        }
        if (from + n == text.length()) {
            chunk(units, begin, n, hash);
            return text.length();
        }
        if (begin == 0) { // nowhere to cut
            int end = nextCut(text, from + n - 1);
            count(text.substring(from, end), 1);
            return end;
        }
        return from + begin;
    }

    private static int nextCut(String text, int from) {
        for (int i = from; i + 1 < text.length(); i++) {
            if (text.charAt(i) == ' ' && letter(text.charAt(i + 1)) && visible(text.charAt(i - 1))) {
                return i;
            }
        }
        return text.length();
    }

    private static boolean letter(char c) {
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    }

    private static boolean visible(char c) {
        return c > ' ' && c < 0x7F;
    }

    private void chunk(char[] units, int from, int to, int hash) {
        if (to - from > LONGEST_CHUNK) { // these seldom come again
            count(new String(units, from, to - from), 1);
            return;
        }
        chunks.add(units, from, to, hash);
        if (chunks.size() == MOST_CHUNKS) {
            finishChunks();
        }
    }

    private void finishChunks() {
        for (int i = 0; i < chunks.size(); i++) {
            count(chunks.text(i), chunks.count(i));
        }
        chunks.clear();
    }

    private void count(String text, long times) {
        AlignedText normal = normaliser.apply(AlignedText.of(text, 0));
        Cut cut = preTokenizer.apply(Cut.whole(normal));
        for (int i = 0; i < cut.count(); i++) {
            words.computeIfAbsent(cut.piece(i), w -> new long[1])[0] += times;
        }
    }

    /** All words so far with their counts. */
    Map<String, long[]> words() {
        finishChunks();
        return words;
    }
}
