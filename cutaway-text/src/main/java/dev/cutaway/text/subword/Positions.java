package dev.cutaway.text.subword;

/**
 * Where a symbol stands in a list that shrinks with every merge: a Fenwick tree over those that are gone, so that a long word's
 * story takes n log n.
 */
final class Positions {
    private final int[] gone;

    Positions(int symbols) {
        gone = new int[symbols + 1];
    }

    /** The place of {@code left} now; {@code right} is gone afterwards. */
    int take(int left, int right) {
        int place = left;
        for (int i = left; i > 0; i -= i & -i) {
            place -= gone[i];
        }
        for (int i = right + 1; i < gone.length; i += i & -i) {
            gone[i]++;
        }
        return place;
    }
}
