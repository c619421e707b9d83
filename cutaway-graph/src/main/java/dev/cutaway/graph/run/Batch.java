package dev.cutaway.graph.run;

import dev.cutaway.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * The rows of one step: any mixture of sequences, each with as many rows as it likes. Rows are given per sequence; nothing is
 * padded. Reusable: {@link #clear} keeps the memory.
 */
public final class Batch {
    /** Which rows' final values (logits) are wanted. */
    public enum Wanted {
        NONE,
        LAST_OF_EACH,
        ALL
    }

    SequenceState[] states = new SequenceState[1];
    int[] starts = new int[2];
    int segments;
    int rows;
    int entryBlock = -1;
    int total;
    Wanted wanted = Wanted.LAST_OF_EACH;
    final Map<String, int[]> ints = new HashMap<>();
    final Map<String, Tensor> reals = new HashMap<>();

    /** A batch without rows. */
    public Batch() {}

    /** Forgets the rows. */
    public Batch clear() {
        segments = 0;
        rows = 0;
        entryBlock = -1;
        total = 0;
        wanted = Wanted.LAST_OF_EACH;
        reals.clear();
        return this;
    }

    public Batch want(Wanted w) {
        wanted = w;
        return this;
    }

    /** Starts at this block instead of the first: {@code residual} [row, width] is what enters it. */
    public Batch enterAt(int block, Tensor residual) {
        entryBlock = block;
        reals.put("residual", residual);
        return this;
    }

    /** Says how long the sequence will be when the prompt that these rows are a part of is complete (dynamic rotations). */
    public Batch total(int length) {
        total = length;
        return this;
    }

    /** Adds a sequence's next rows; then give its inputs with {@link #put}. */
    public Batch add(SequenceState state, int count) {
        if (segments == states.length) {
            states = java.util.Arrays.copyOf(states, segments * 2);
            starts = java.util.Arrays.copyOf(starts, segments * 2 + 1);
        }
        states[segments] = state;
        starts[segments] = rows;
        for (int i = 0; i < count; i++) {
            put("row", rows + i, state.length() + i);
        }
        rows += count;
        starts[++segments] = rows;
        return this;
    }

    /** Gives an integer input of the row just added ({@code row} counts over the batch). */
    public Batch put(String input, int row, int value) {
        int[] a = ints.get(input);
        if (a == null || a.length <= row) {
            a = a == null
                    ? new int[Math.max(16, row + 1)]
                    : java.util.Arrays.copyOf(a, Math.max(row + 1, a.length * 2));
            ints.put(input, a);
        }
        a[row] = value;
        return this;
    }

    /** Gives a real input of all rows of the batch, {@code [row, width]}. */
    public Batch put(String input, Tensor value) {
        reals.put(input, value);
        return this;
    }

    public int rows() {
        return rows;
    }
}
