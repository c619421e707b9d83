package dev.cutaway.model;

import java.util.Collection;

/** The nearest known name to a mistyped one. */
public final class Nearest {
    private Nearest() {}

    /** The candidate with the smallest edit distance; the name itself if there are none. */
    public static String of(String name, Collection<String> candidates) {
        String best = name;
        int least = Integer.MAX_VALUE;
        for (String c : candidates) {
            int d = distance(name, c);
            if (d < least) {
                least = d;
                best = c;
            }
        }
        return best;
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int next = Math.min(
                        Math.min(row[j], row[j - 1]) + 1, diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                diagonal = row[j];
                row[j] = next;
            }
        }
        return row[b.length()];
    }
}
