package dev.cutaway.text.train;

import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.ResourceException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** The threads that train one tokenizer. What they do together does not depend on how many they are. */
final class Workers implements AutoCloseable {
    private static final int PARTS =
            8; // of a sum, whatever the number of threads: the order of additions decides its last bits
    private static final int BATCH = 1 << 18; // characters
    private static final List<String> END = new ArrayList<>();

    private final int threads;
    private final ExecutorService pool;

    Workers(int threads) {
        this.threads = threads;
        this.pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().name("tokenizer-", 0).daemon().factory());
    }

    /** Adds up numbers for words {@code [from, to)}. */
    interface Part {
        void add(int from, int to, double[] sums);
    }

    /** {@code size} sums over words {@code [0, words)}. */
    double[] sum(int size, int words, Part part) {
        List<Future<double[]>> parts = new ArrayList<>();
        for (int i = 0; i < PARTS; i++) {
            int from = (int) ((long) words * i / PARTS);
            int to = (int) ((long) words * (i + 1) / PARTS);
            parts.add(pool.submit(() -> {
                double[] sums = new double[size];
                part.add(from, to, sums);
                return sums;
            }));
        }
        double[] all = new double[size];
        for (Future<double[]> future : parts) {
            double[] sums = result(future);
            for (int i = 0; i < size; i++) {
                all[i] += sums[i];
            }
        }
        return all;
    }

    /** Counts the words of all texts; each thread has a counter of its own. */
    Words count(Iterator<String> texts, Supplier<WordCounter> counter, TokenizerProgress progress) {
        BlockingQueue<List<String>> queue = new ArrayBlockingQueue<>(2 * threads);
        AtomicBoolean failed = new AtomicBoolean();
        List<Future<Map<String, long[]>>> counts = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            counts.add(pool.submit(() -> counted(queue, counter.get(), failed)));
        }
        try {
            read(texts, queue, failed, progress);
        } finally {
            for (int i = 0; i < threads; i++) {
                put(queue, END);
            }
        }
        Map<String, long[]> all = new HashMap<>();
        for (Future<Map<String, long[]>> future : counts) {
            result(future).forEach((word, n) -> all.computeIfAbsent(word, w -> new long[1])[0] += n[0]);
        }
        return Words.of(all);
    }

    private static void read(
            Iterator<String> texts,
            BlockingQueue<List<String>> queue,
            AtomicBoolean failed,
            TokenizerProgress progress) {
        long characters = 0;
        long told = 0;
        int inBatch = 0;
        List<String> batch = new ArrayList<>();
        while (texts.hasNext() && !failed.get()) {
            String text = texts.next();
            batch.add(text);
            inBatch += text.length() + 1;
            if (inBatch < BATCH) {
                continue;
            }
            put(queue, batch);
            characters += inBatch - batch.size();
            batch = new ArrayList<>();
            inBatch = 0;
            if (characters - told > 8 * BATCH) {
                told = characters;
                progress.report("characters", characters, -1);
            }
        }
        put(queue, batch);
        characters += inBatch - batch.size();
        progress.report("characters", characters, characters);
    }

    @SuppressWarnings("ReferenceEquality") // the last batch may be as empty as the end
    private static Map<String, long[]> counted(
            BlockingQueue<List<String>> queue, WordCounter counter, AtomicBoolean failed) throws InterruptedException {
        try {
            for (List<String> batch = queue.take(); batch != END; batch = queue.take()) {
                batch.forEach(counter::add);
            }
            return counter.words();
        } catch (RuntimeException | Error e) {
            failed.set(true);
            while (queue.take() != END) {
                // What was read before the reader noticed is dropped, so that it does not wait for ever.
            }
            throw e;
        }
    }

    private static void put(BlockingQueue<List<String>> queue, List<String> batch) {
        try {
            queue.put(batch);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CutawayException problem -> throw problem;
                case OutOfMemoryError error ->
                    throw new ResourceException(
                            "tokenizer training: memory is exhausted; give less text or the JVM more (-Xmx)", error);
                case RuntimeException problem -> throw problem;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private static ResourceException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ResourceException("tokenizer training was interrupted; start it again", e);
    }

    @Override
    public void close() {
        pool.shutdownNow();
    }
}
