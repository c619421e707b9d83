package dev.cutaway.model.sample;

import java.util.Arrays;

/** Which tokens a sequence holds and how often, for the penalties. Counting a token takes constant time. */
public final class History {
    private final int[] everywhere;
    private final int[] answered;
    private int[] distinct = new int[256];
    private int size;

    History(int vocabulary) {
        everywhere = new int[vocabulary];
        answered = new int[vocabulary];
    }

    void add(int id, boolean answer) {
        if (everywhere[id]++ == 0) {
            if (size == distinct.length) {
                distinct = Arrays.copyOf(distinct, size * 2);
            }
            distinct[size++] = id;
        }
        if (answer) {
            answered[id]++;
        }
    }

    void clear() {
        for (int i = 0; i < size; i++) {
            everywhere[distinct[i]] = 0;
            answered[distinct[i]] = 0;
        }
        size = 0;
    }

    void copyFrom(History other) {
        clear();
        if (distinct.length < other.size) {
            distinct = new int[other.distinct.length];
        }
        for (int i = 0; i < other.size; i++) {
            int id = other.distinct[i];
            distinct[i] = id;
            everywhere[id] = other.everywhere[id];
            answered[id] = other.answered[id];
        }
        size = other.size;
    }

    /** How often the token stands in the prompt and the answer. */
    int everywhere(int id) {
        return everywhere[id];
    }

    /** How often the token stands in the answer. */
    int answered(int id) {
        return answered[id];
    }

    /** How many different tokens there are. */
    int size() {
        return size;
    }
}
