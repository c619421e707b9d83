package dev.cutaway.train.data;

/**
 * Which examples a step takes.
 *
 * @param n examples in an epoch
 * @param batch examples in a step
 * @param seed of the shuffling
 * @param shuffled whether each epoch has its own order; else step s takes the examples ((s - 1) * batch + i) mod n
 * @param once whether the last step of a pass takes only what is left, so that a pass sees each example once
 */
record Order(long n, int batch, long seed, boolean shuffled, boolean once) {
    Order {
        if (n < 1 || batch < 1) {
            throw new IllegalArgumentException(n + " examples in batches of " + batch);
        }
    }

    /** The examples of a step, from 1. */
    long[] of(long step) {
        if (step < 1) {
            throw new IllegalArgumentException("step " + step + "; steps are counted from 1");
        }
        long first = once ? (step - 1) % steps() * batch : Math.multiplyExact(step - 1, (long) batch);
        int count = once ? (int) Math.min(batch, n - first) : batch;
        long[] out = new long[count];
        for (int i = 0; i < count; i++) {
            out[i] = at(first + i);
        }
        return out;
    }

    /** The example at a place of the endless sequence of epochs. */
    long at(long place) {
        long i = place % n;
        return shuffled ? new Shuffle(n, Shuffle.mix(seed, 1, place / n)).of(i) : i;
    }

    long steps() {
        return (n + batch - 1) / batch;
    }

    double epochs(long steps) {
        return once ? (double) steps / steps() : (double) steps * batch / n;
    }
}
