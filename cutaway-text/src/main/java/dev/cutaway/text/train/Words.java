package dev.cutaway.text.train;

import java.util.Arrays;
import java.util.Map;

/**
 * The distinct words (pre-tokens) of a training text and how often each occurs, in the order of their UTF-16 units, so that
 * nothing that follows depends on how the text was divided among threads.
 *
 * @param texts the words, none empty
 * @param counts how often each occurs
 */
@SuppressWarnings("ArrayRecordComponent") // internal hot data, never compared
record Words(String[] texts, long[] counts) {
    static Words of(Map<String, long[]> counted) {
        String[] texts = counted.keySet().toArray(String[]::new);
        Arrays.sort(texts);
        long[] counts = new long[texts.length];
        for (int i = 0; i < texts.length; i++) {
            long[] count = counted.get(texts[i]);
            counts[i] = count == null ? 0 : count[0];
        }
        return new Words(texts, counts);
    }

    int size() {
        return texts.length;
    }

    /** All occurrences of all words. */
    long total() {
        return Arrays.stream(counts).sum();
    }

    /** One more than the highest code point. */
    int alphabetEnd() {
        int end = 1;
        for (String text : texts) {
            for (int i = 0; i < text.length(); i++) {
                int c = text.charAt(i);
                if (Character.isHighSurrogate((char) c)) {
                    c = text.codePointAt(i++);
                }
                end = Math.max(end, c + 1);
            }
        }
        return end;
    }
}
