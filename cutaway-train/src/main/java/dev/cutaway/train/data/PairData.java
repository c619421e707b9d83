package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.train.Example;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Pairs of a source and its target.
 *
 * @param table the rows
 * @param source the field that is read
 * @param target the field that is to be written
 * @param prefix put before every source
 * @param maxSource tokens of a source at most
 * @param maxTarget tokens of a target at most
 * @param skipLong whether longer ones are left out; else they are cut
 * @param pool steps whose examples are sorted by length and then cut into batches; 1 for no sorting
 * @param shuffled whether each epoch has its own order
 */
record PairData(
        Table table,
        String source,
        String target,
        String prefix,
        int maxSource,
        int maxTarget,
        boolean skipLong,
        int pool,
        boolean shuffled) {
    static PairData of(Keys keys, DataContext context) {
        PairData data = new PairData(
                Table.of(keys, "pairs"),
                keys.text("source", "1"),
                keys.text("target", "2"),
                keys.text("prefix", ""),
                keys.whole("max_source", 1, 1 << 20, context.context()),
                keys.whole("max_target", 1, 1 << 20, context.context()),
                keys.choice("too_long", "cut", "cut", "skip").equals("skip"),
                keys.whole("pool", 1, 10_000, 50),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.SEQUENCE_TO_SEQUENCE) {
            throw new UsageException(
                    "data.pairs is for sequence-to-sequence; " + task.text() + " needs another kind of data");
        }
        if (context.sizes().learnedPositions()
                && Math.max(maxSource, maxTarget) > context.sizes().context()) {
            throw new UsageException("data.max_source " + maxSource + " and data.max_target " + maxTarget
                    + " must not exceed the model's " + context.sizes().context() + " positions");
        }
        Pairs pairs = read(context);
        boolean shuffle = shuffled && !heldOut;
        Order order = new Order(pairs.size(), context.batch(), context.seed(), shuffle, heldOut);
        return shuffle && pool > 1
                ? new Drawn(pairs, order, new Buckets(order, pool, pairs::compare)::of)
                : new Drawn(pairs, order);
    }

    private Pairs read(DataContext context) {
        Vocabulary v = Vocabulary.of(context);
        int end = v.requireEnd();
        Complaints complaints = new Complaints();
        try (TokenStore.Builder out = new TokenStore.Builder()) {
            table.each(List.of(source, target), complaints, row -> add(row, v, end, complaints, out));
            String name = table.files().getFirst().toString();
            if (out.sequences() == 0) {
                throw new BadInputException(name + ": holds no pair"
                        + complaints.list().stream()
                                .findFirst()
                                .map(c -> " (" + c + ")")
                                .orElse("; it is empty"));
            }
            return new Pairs(name, out.build(), context.decoderStart(), complaints);
        }
    }

    private void add(Table.Row row, Vocabulary v, int end, Complaints complaints, TokenStore.Builder out) {
        if (row.get(0).isBlank() || row.get(1).isBlank()) {
            String which = row.get(0).isBlank() ? "source" : "target";
            complaints.add(row.file(), row.line(), "has an empty " + which + "; left out");
            return;
        }
        int[] from = ended(v.whole(prefix + row.get(0)), end);
        int[] to = ended(v.whole(row.get(1)), end);
        if (from.length > maxSource || to.length > maxTarget) {
            complaints.note("pairs longer than data.max_source or data.max_target, " + (skipLong ? "left out" : "cut"));
            if (skipLong) {
                return;
            }
        }
        out.add(cut(from, maxSource, end));
        out.add(cut(to, maxTarget, end));
    }

    private static int[] ended(int[] ids, int end) {
        if (ids.length > 0 && ids[ids.length - 1] == end) {
            return ids;
        }
        int[] out = Arrays.copyOf(ids, ids.length + 1);
        out[ids.length] = end;
        return out;
    }

    /** At most so many tokens, the end token the last. */
    private static int[] cut(int[] ids, int most, int end) {
        if (ids.length <= most) {
            return ids;
        }
        int[] out = Arrays.copyOf(ids, most);
        out[most - 1] = end;
        return out;
    }

    /**
     * Sources and targets in turn.
     *
     * @param start the token that the decoder begins with
     */
    record Pairs(String name, TokenStore store, int start, Complaints complained) implements Source {
        @Override
        public long size() {
            return store.sequences() / 2;
        }

        @Override
        public Example example(long i, SplittableRandom draws) {
            int[] labels = store.sequence((int) (2 * i + 1));
            return Example.pair(store.sequence((int) (2 * i)), PreparedTexts.shiftedRight(labels, start, 0), labels);
        }

        /** By the length of the target, then of the source. */
        int compare(long a, long b) {
            int byTarget = Integer.compare(store.length((int) (2 * a + 1)), store.length((int) (2 * b + 1)));
            return byTarget != 0 ? byTarget : Integer.compare(store.length((int) (2 * a)), store.length((int) (2 * b)));
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

    /** Batches of examples of like length: the examples of a pool of steps, sorted and cut, the batches in any order. */
    static final class Buckets {
        private final Order order;
        private final int pool;
        private final Comparator<Long> byLength;
        private long kept = -1; // the pool that is sorted now
        private long[] sorted = {};

        Buckets(Order order, int pool, Comparator<Long> byLength) {
            this.order = order;
            this.pool = pool;
            this.byLength = byLength;
        }

        long[] of(long step) {
            long which = (step - 1) / pool;
            if (which != kept) {
                long first = which * pool * order.batch();
                sorted = LongStream.range(first, first + (long) pool * order.batch())
                        .map(order::at)
                        .boxed()
                        .sorted(byLength)
                        .mapToLong(Long::longValue)
                        .toArray();
                kept = which;
            }
            int place = (int) new Shuffle(pool, Shuffle.mix(order.seed(), 2, which)).of((step - 1) % pool);
            return Arrays.copyOfRange(sorted, place * order.batch(), (place + 1) * order.batch());
        }
    }
}
