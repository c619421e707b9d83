package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.train.Example;
import java.util.List;
import java.util.SplittableRandom;

/** Pieces that begin anywhere, as nanoGPT takes them: with replacement, and an epoch is as many as cover the text. */
record RandomWindows(String name, TokenStore store, int context, Complaints complained) implements Source {
    RandomWindows {
        if (store.size() <= context) {
            throw new BadInputException(name + ": has " + store.size() + " tokens, a window " + context
                    + "; take a smaller context, more text, or data.window: packed");
        }
    }

    @Override
    public long size() {
        return (store.size() - 2) / context + 1;
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        return Sequences.of(store.copy(draws.nextLong(store.size() - context), context + 1));
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
