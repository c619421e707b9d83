package dev.cutaway.train.data;

import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All texts of a recipe's data, one after the other: what its tokenizer is trained on. */
public final class Texts implements Iterator<String>, AutoCloseable {
    private static final int AHEAD = 256;

    private final BlockingQueue<Object> queue = new ArrayBlockingQueue<>(AHEAD);
    private final Thread reader;
    private @Nullable Object next;

    /** The last thing in the queue: nothing more, or why there is not. */
    private record End(Optional<RuntimeException> failure) {}

    private Texts(Consumer<Consumer<String>> source) {
        reader = Thread.ofVirtual().name("cutaway-texts").start(() -> {
            End end;
            try {
                source.accept(text -> put(text));
                end = new End(Optional.empty());
            } catch (RuntimeException e) {
                end = new End(Optional.of(e));
            }
            if (!Thread.currentThread().isInterrupted()) {
                put(end);
            }
        });
    }

    /**
     * Begins to read.
     *
     * @param data the recipe's map {@code data}
     * @throws UsageException if the data has no texts, or asks for what is not known
     */
    public static Texts of(Map<String, Object> data, String objective) {
        Map<String, Object> own = new LinkedHashMap<>(data);
        own.remove("valid");
        Keys keys = new Keys("data", own);
        Complaints ignored = new Complaints(); // they come again when the texts are read to learn from
        return new Texts(
                switch (Kind.of("data", own)) {
                    case TEXT -> {
                        TextData text = TextData.of(keys, Task.of(objective));
                        yield sink -> text.texts(ignored, sink);
                    }
                    case SENTENCES -> {
                        List<Path> files = keys.files("sentences");
                        yield sink -> lines(files, ignored, sink);
                    }
                    case PAIRS -> fields(Table.of(keys, "pairs"), keys, ignored, "source", "1", "target", "2");
                    case LABELLED -> fields(Table.of(keys, "labelled"), keys, ignored, "text", "2", "pair", "");
                    case CAPTIONS -> fields(Table.of(keys, "captions"), keys, ignored, "caption", "caption", "", "");
                    case IMAGES -> {
                        List<String> captions = ImageData.of(keys).captions();
                        yield sink -> captions.forEach(sink);
                    }
                    case BATCHES, CHAT ->
                        throw new UsageException("tokenizer.train needs data of texts, sentences, pairs, labelled"
                                + " texts or captions");
                });
    }

    private static void lines(List<Path> files, Complaints ignored, Consumer<String> sink) {
        for (Path file : files) {
            try (Lines lines = new Lines(file, ignored)) {
                for (String line = lines.next(); line != null; line = lines.next()) {
                    sink.accept(line);
                }
            }
        }
    }

    private static Consumer<Consumer<String>> fields(
            Table table, Keys keys, Complaints ignored, String first, String one, String second, String two) {
        String a = keys.text(first, one);
        String b = second.isEmpty() ? "" : keys.text(second, two);
        List<String> wanted = b.isEmpty() ? List.of(a) : List.of(a, b);
        return sink -> table.each(wanted, ignored, row -> row.values().forEach(sink));
    }

    private void put(Object o) {
        try {
            queue.put(o);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("closed", e);
        }
    }

    @Override
    public boolean hasNext() {
        Object n = next;
        if (n == null) {
            try {
                n = queue.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
            next = n;
        }
        if (n instanceof End end) {
            end.failure.ifPresent(e -> {
                throw e;
            });
            return false;
        }
        return true;
    }

    @Override
    public String next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Object n = next;
        next = null;
        return String.valueOf(n);
    }

    @Override
    public void close() {
        reader.interrupt();
    }
}
