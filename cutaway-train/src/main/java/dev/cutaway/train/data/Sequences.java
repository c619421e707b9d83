package dev.cutaway.train.data;

import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Pieces of text, each token but the last read, each but the first to be predicted. What is kept as {@code -1 - id} is read and not
 * to be predicted.
 */
record Sequences(String name, TokenStore store, Pieces pieces, Complaints complained) implements Source {
    @Override
    public long size() {
        return pieces.count();
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        return of(pieces.get(store, i));
    }

    /** The example of one piece. */
    static Example of(int[] kept) {
        int[] ids = new int[kept.length - 1];
        int[] labels = new int[ids.length];
        Arrays.setAll(ids, k -> kept[k] < 0 ? -1 - kept[k] : kept[k]);
        Arrays.setAll(labels, k -> kept[k + 1] < 0 ? Objective.NOT_COUNTED : kept[k + 1]);
        return Example.tokens(ids, labels);
    }

    @Override
    public List<String> complaints() {
        return complained.list();
    }

    @Override
    public void close() {
        store.close();
    }
}
