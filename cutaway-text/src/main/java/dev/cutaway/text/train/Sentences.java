package dev.cutaway.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The different words of a text as numbers: code points in their order from 1, with a 0 after each word (and for U+0000). */
final class Sentences {
    private final int[] symbols;
    private final int[] begins; // one more for the end
    private final long[] counts;
    private final int[] codePoints; // of each symbol
    private final long[] occurrences; // of each symbol, with the words' counts
    private final int[] firstPlace;

    Sentences(Words words) {
        int[] symbolOf = new int[words.alphabetEnd()];
        long room = 0;
        for (String word : words.texts()) {
            word.codePoints().forEach(c -> symbolOf[c] = 1);
            room += word.length() + 1;
        }
        if (room > Integer.MAX_VALUE - 16) {
            throw TooLarge.of(room + " characters in different words");
        }
        symbolOf[0] = 0;
        codePoints = new int[1 + Arrays.stream(symbolOf).sum()];
        int n = 1;
        for (int c = 1; c < symbolOf.length; c++) {
            if (symbolOf[c] != 0) {
                symbolOf[c] = n;
                codePoints[n++] = c;
            }
        }
        occurrences = new long[n];
        firstPlace = new int[n];
        counts = words.counts();
        begins = new int[words.size() + 1];
        symbols = spell(words, symbolOf, (int) room);
    }

    private int[] spell(Words words, int[] symbolOf, int room) {
        int[] out = new int[room];
        int n = 0;
        for (int w = 0; w < words.size(); w++) {
            begins[w] = n;
            String word = words.texts()[w];
            for (int at = 0; at < word.length(); ) {
                int c = word.codePointAt(at);
                at += Character.charCount(c);
                int s = symbolOf[c];
                if (occurrences[s] == 0) {
                    firstPlace[s] = n;
                }
                occurrences[s] += counts[w];
                out[n++] = s;
            }
            out[n++] = 0;
        }
        begins[words.size()] = n;
        return Arrays.copyOf(out, n);
    }

    int[] symbols() {
        return symbols;
    }

    int size() {
        return counts.length;
    }

    int begin(int word) {
        return begins[word];
    }

    int length(int word) {
        return begins[word + 1] - begins[word] - 1;
    }

    long times(int word) {
        return counts[word];
    }

    long total() {
        return Arrays.stream(counts).sum();
    }

    /** One more than the highest symbol. */
    int alphabet() {
        return codePoints.length;
    }

    /** Whether U+0000 occurs. */
    boolean hasNul() {
        return occurrences[0] > 0;
    }

    long count(int symbol) {
        return occurrences[symbol];
    }

    int firstPlace(int symbol) {
        return firstPlace[symbol];
    }

    /** All symbols but 0, those that occur most often first; of equal ones the higher. */
    int[] charactersByCount() {
        List<Integer> all = new ArrayList<>();
        for (int s = 1; s < codePoints.length; s++) {
            all.add(s);
        }
        all.sort(Comparator.<Integer>comparingLong(s -> occurrences[s])
                .thenComparing(Comparator.naturalOrder())
                .reversed());
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The text of symbols {@code [from, from + length)}. */
    String text(int from, int length) {
        StringBuilder out = new StringBuilder(length);
        for (int i = from; i < from + length; i++) {
            out.appendCodePoint(codePoints[symbols[i]]);
        }
        return out.toString();
    }
}
