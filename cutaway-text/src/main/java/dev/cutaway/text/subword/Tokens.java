package dev.cutaway.text.subword;

import java.util.Arrays;

/**
 * The tokens that a model has put out: id, the stretch of the normalised text (UTF-16 units), and, for a token that is one
 * byte of a character, which byte ({@code part}), else -1.
 */
public final class Tokens {
    private int[] data = new int[64];
    private int count;

    /** Adds a token for {@code [from, to)}. */
    public void add(int id, int from, int to) {
        add(id, from, to, -1);
    }

    /** Adds a token for byte {@code part} (of the UTF-8 form) of {@code [from, to)}. */
    public void add(int id, int from, int to, int part) {
        int at = 4 * count;
        if (at == data.length) {
            data = Arrays.copyOf(data, 2 * at);
        }
        data[at] = id;
        data[at + 1] = from;
        data[at + 2] = to;
        data[at + 3] = part;
        count++;
    }

    /** Number of tokens. */
    public int count() {
        return count;
    }

    /** Forgets the tokens from {@code count} on. */
    public void truncate(int newCount) {
        count = newCount;
    }

    /** Turns the order of the tokens from {@code first} on around. */
    public void reverseFrom(int first) {
        for (int i = first, j = count - 1; i < j; i++, j--) {
            for (int k = 0; k < 4; k++) {
                int keep = data[4 * i + k];
                data[4 * i + k] = data[4 * j + k];
                data[4 * j + k] = keep;
            }
        }
    }

    /** Id of token {@code i}. */
    public int id(int i) {
        return data[4 * i];
    }

    /** First UTF-16 unit of token {@code i}. */
    public int from(int i) {
        return data[4 * i + 1];
    }

    /** UTF-16 unit after the last of token {@code i}. */
    public int to(int i) {
        return data[4 * i + 2];
    }

    /** Which byte of its character token {@code i} is, or -1. */
    public int part(int i) {
        return data[4 * i + 3];
    }
}
