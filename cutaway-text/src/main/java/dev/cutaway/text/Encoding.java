package dev.cutaway.text;

import dev.cutaway.text.join.Part;
import java.util.List;

/**
 * The tokens of a text, or of a pair of texts. Everything is by position in the sequence, 0 to {@link #size()} - 1.
 */
public final class Encoding {
    private final int[] ids;
    private final int[] types;
    private final int[] starts;
    private final int[] ends;
    private final int[] sequences;

    Encoding(List<Part> parts) {
        int n = 0;
        for (Part part : parts) {
            n += part.ids().length;
        }
        ids = new int[n];
        types = new int[n];
        starts = new int[n];
        ends = new int[n];
        sequences = new int[n];
        int at = 0;
        for (Part part : parts) {
            int m = part.ids().length;
            System.arraycopy(part.ids(), 0, ids, at, m);
            System.arraycopy(part.starts(), 0, starts, at, m);
            System.arraycopy(part.ends(), 0, ends, at, m);
            java.util.Arrays.fill(types, at, at + m, part.type());
            java.util.Arrays.fill(sequences, at, at + m, part.sequence());
            at += m;
        }
    }

    /** Number of tokens. */
    public int size() {
        return ids.length;
    }

    /** A copy of the ids. */
    public int[] ids() {
        return ids.clone();
    }

    /** A copy of the token types: 0 and, for the second text of a pair, usually 1. */
    public int[] types() {
        return types.clone();
    }

    /** Id of token {@code i}. */
    public int id(int i) {
        return ids[i];
    }

    /** Token type of token {@code i}. */
    public int type(int i) {
        return types[i];
    }

    /** First byte, in the UTF-8 form of the text as given, that token {@code i} stands for; 0 for an added token. */
    public int start(int i) {
        return starts[i];
    }

    /** Byte after the last that token {@code i} stands for; 0 for an added token. */
    public int end(int i) {
        return ends[i];
    }

    /** Which text token {@code i} belongs to: 0, 1 for the second of a pair, -1 for a token that was added. */
    public int sequence(int i) {
        return sequences[i];
    }
}
