package dev.cutaway.text.split;

import dev.cutaway.text.normal.AlignedText;
import java.util.Arrays;

/**
 * A text and the pieces it has been cut into so far: piece {@code i} is {@code [from(i), to(i))} in UTF-16 units. Pieces are in
 * order, do not overlap and are never empty; what lies between them has been dropped.
 */
public final class Cut {
    private final AlignedText text;
    private int[] bounds;
    private int count;

    private Cut(AlignedText text, int room) {
        this.text = text;
        this.bounds = new int[Math.max(8, 2 * room)];
    }

    /** The whole text as one piece (none, if it is empty). */
    public static Cut whole(AlignedText text) {
        Cut cut = new Cut(text, 1);
        cut.add(0, text.length());
        return cut;
    }

    /** No pieces yet. */
    public static Cut empty(AlignedText text, int room) {
        return new Cut(text, room);
    }

    /** Adds the piece {@code [from, to)}; an empty one is left out. */
    public void add(int from, int to) {
        if (from >= to) {
            return;
        }
        if (2 * count + 2 > bounds.length) {
            bounds = Arrays.copyOf(bounds, bounds.length * 2);
        }
        bounds[2 * count] = from;
        bounds[2 * count + 1] = to;
        count++;
    }

    /** The text that is cut. */
    public AlignedText text() {
        return text;
    }

    /** Number of pieces. */
    public int count() {
        return count;
    }

    /** First UTF-16 unit of piece {@code i}. */
    public int from(int i) {
        return bounds[2 * i];
    }

    /** UTF-16 unit after the last of piece {@code i}. */
    public int to(int i) {
        return bounds[2 * i + 1];
    }

    /** Piece {@code i} as a string. */
    public String piece(int i) {
        return text.text().substring(from(i), to(i));
    }
}
