package dev.cutaway.text.split;

import java.util.Arrays;

/**
 * A text divided without gaps into stretches that a pattern matched and stretches between: the form that every
 * {@link Behaviour} starts from.
 */
public final class Matches {
    private int[] ends = new int[16];
    private boolean[] matched = new boolean[16];
    private int count;
    private final int begin;
    private int last;

    /** Nothing divided yet; the text begins at UTF-16 unit {@code begin}. */
    public Matches(int begin) {
        this.begin = begin;
        this.last = begin;
    }

    /** The pattern matched {@code [from, to)}; what lies before, back to the last stretch, it did not match. */
    public void match(int from, int to) {
        gapTo(from);
        push(to, true);
    }

    /** Nothing matched up to {@code to}. */
    public void gapTo(int to) {
        if (to > last) {
            push(to, false);
        }
    }

    private void push(int to, boolean isMatch) {
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            matched = Arrays.copyOf(matched, 2 * count);
        }
        ends[count] = to;
        matched[count++] = isMatch;
        last = to;
    }

    /** Swaps matched and unmatched. */
    public void invert() {
        for (int i = 0; i < count; i++) {
            matched[i] = !matched[i];
        }
    }

    /** Sees one stretch. */
    public interface Visitor {
        /** The stretch {@code [from, to)}, matched or not. */
        void stretch(int from, int to, boolean matched);
    }

    /** Shows every stretch, in order. */
    public void forEach(Visitor visitor) {
        for (int i = 0; i < count; i++) {
            visitor.stretch(from(i), ends[i], matched[i]);
        }
    }

    private int from(int i) {
        return i == 0 ? begin : ends[i - 1];
    }

    /** Adds to {@code out} the pieces that {@code behaviour} makes of the stretches. */
    public void into(Cut out, Behaviour behaviour) {
        switch (behaviour) {
            case REMOVED -> {
                for (int i = 0; i < count; i++) {
                    if (!matched[i]) {
                        out.add(from(i), ends[i]);
                    }
                }
            }
            case ISOLATED -> {
                for (int i = 0; i < count; i++) {
                    out.add(from(i), ends[i]);
                }
            }
            case CONTIGUOUS -> contiguous(out);
            case MERGED_WITH_PREVIOUS -> mergedWithPrevious(out);
            case MERGED_WITH_NEXT -> mergedWithNext(out);
        }
    }

    private void contiguous(Cut out) {
        int from = begin;
        for (int i = 0; i < count; i++) {
            if (i + 1 == count || matched[i + 1] != matched[i]) {
                out.add(from, ends[i]);
                from = ends[i];
            }
        }
    }

    private void mergedWithPrevious(Cut out) {
        int from = begin;
        for (int i = 0; i < count; i++) {
            boolean takesNext = i + 1 < count && matched[i + 1] && !matched[i];
            if (!takesNext) {
                out.add(from, ends[i]);
                from = ends[i];
            }
        }
    }

    private void mergedWithNext(Cut out) {
        int from = begin;
        for (int i = 0; i < count; i++) {
            boolean joinsNext = matched[i] && i + 1 < count && !matched[i + 1];
            if (!joinsNext) {
                out.add(from, ends[i]);
                from = ends[i];
            }
        }
    }
}
