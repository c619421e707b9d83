package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.ResourceException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Plain text, or a field of JSONL, TSV or CSV.
 *
 * @param files read one after the other
 * @param documents what a document is: {@code mark} (a line that is the mark ends it), {@code blank-lines}, {@code lines} or
 *     the whole file; in JSONL an object is one, in a table a row
 * @param mark the line that ends a document
 * @param field of JSONL, or the column of TSV and CSV; empty: {@code text} of JSONL, and the others are plain text
 * @param window {@code packed}: documents joined and cut; {@code random}: pieces from anywhere in that; {@code separate}: each
 *     document for itself
 * @param part first and last of what is taken, as shares of 1: of the characters where files are documents, else of the documents
 * @param begin whether a document begins with the tokenizer's first token
 * @param end whether it ends with the end token
 * @param shuffled whether each epoch has its own order
 * @param masks how words are hidden
 */
record TextData(
        List<Path> files,
        String documents,
        String mark,
        String field,
        String window,
        List<Double> part,
        OptionalFlag begin,
        OptionalFlag end,
        boolean shuffled,
        MaskOptions masks) {
    private static final int LONGEST = 128 << 20;

    /** Yes, no, or as the data suggests. */
    enum OptionalFlag {
        YES,
        NO,
        AUTO;

        static OptionalFlag of(Keys keys, String key) {
            return keys.has(key) ? keys.flag(key, false) ? YES : NO : AUTO;
        }

        boolean or(boolean otherwise) {
            return this == AUTO ? otherwise : this == YES;
        }
    }

    TextData {
        files = List.copyOf(files);
        part = part.isEmpty() ? List.of(0.0, 1.0) : List.copyOf(part);
        if (part.size() != 2 || part.get(0) >= part.get(1)) {
            throw new UsageException("data.part is " + part + "; it must be two shares of the text, such as [0, 0.9]");
        }
        if (mark.isBlank()) {
            throw new UsageException("data.mark is empty; it is the line that ends a document");
        }
    }

    static TextData of(Keys keys, Task task) {
        boolean lines = keys.flag("lines", false);
        String documents = keys.choice("documents", lines ? "lines" : "mark", "mark", "blank-lines", "lines", "file");
        if (lines && !documents.equals("lines")) {
            throw keys.bad("lines", "is true, but data.documents is " + documents + "; leave one out");
        }
        TextData data = new TextData(
                keys.files("text"),
                documents,
                keys.text("mark", "<|endoftext|>"),
                keys.text("field", ""),
                task == Task.NEXT_TOKEN
                        ? keys.choice("window", lines ? "separate" : "packed", "packed", "random", "separate")
                        : keys.choice("window", lines ? "separate" : "packed", "packed", "separate"),
                keys.reals("part", 0, 1),
                OptionalFlag.of(keys, "begin"),
                OptionalFlag.of(keys, "end"),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"),
                task == Task.NEXT_TOKEN ? MaskOptions.DEFAULT : MaskOptions.of(keys));
        keys.done();
        return data;
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.NEXT_TOKEN && task != Task.MASKED) {
            throw new UsageException("data.text is for next-token and masked; " + task.text() + " needs "
                    + (task == Task.MASKED_NEXT_SENTENCE
                            ? "data.sentences"
                            : task == Task.CLASSIFY ? "data.labelled" : "data.pairs"));
        }
        Complaints complaints = new Complaints();
        TokenStore tokens = tokenized(task, context, complaints);
        String name = files.getFirst().toString();
        boolean random = window.equals("random") && !heldOut; // what is measured is measured whole
        boolean joined = !window.equals("separate");
        Source source;
        if (task == Task.MASKED) {
            Pieces pieces = Pieces.of(tokens, joined, roomFor(context), 0);
            source = new MaskedTexts(name, tokens, pieces, masks, context, complaints);
        } else if (random) {
            source = new RandomWindows(name, tokens, context.context(), complaints);
        } else {
            source = new Sequences(name, tokens, Pieces.of(tokens, joined, context.context(), 1), complaints);
        }
        if (source.size() == 0) {
            throw new BadInputException(name + ": no document has two tokens, so there is nothing to predict");
        }
        return new Drawn(
                source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    private static int roomFor(DataContext context) {
        if (context.context() < 3) {
            throw new UsageException("context: " + context.context() + " tokens leave no room between [CLS] and [SEP]");
        }
        return context.context() - 2;
    }

    private TokenStore tokenized(Task task, DataContext context, Complaints complaints) {
        Vocabulary v = Vocabulary.of(context);
        boolean first = task == Task.NEXT_TOKEN && begin.or(v.begins());
        boolean last = task == Task.NEXT_TOKEN && end.or(v.end().isPresent() && !documents.equals("file"));
        OptionalInt from = first ? OptionalInt.of(v.requireBegin()) : OptionalInt.empty();
        OptionalInt to = last ? OptionalInt.of(v.requireEnd()) : OptionalInt.empty();
        try (TokenStore.Builder out = new TokenStore.Builder()) {
            texts(complaints, text -> {
                int[] ids = v.ids(text);
                if (ids.length > 0) {
                    out.add(Vocabulary.around(from, ids, to));
                }
            });
            if (out.size() < 2) {
                throw new BadInputException(files.getFirst() + ": holds no text to learn from"
                        + complaints.firstOne().map(c -> " (" + c + ")").orElse("; it is empty"));
            }
            return out.build();
        }
    }

    /** Gives the documents that are wanted. */
    void texts(Complaints complaints, Consumer<String> sink) {
        long[] range = range(complaints);
        long[] at = {0};
        Complaints again = new Complaints(); // what is said of lines was said while they were counted
        eachDocument(range[2] >= 0 ? again : complaints, text -> {
            long i = at[0]++;
            if (i >= range[0] && i < range[1]) {
                sink.accept(text);
            }
        });
    }

    /** First and last document that is wanted, and how many there are; -1 if nobody had to count. */
    private long[] range(Complaints complaints) {
        if (documents.equals("file") || part.equals(List.of(0.0, 1.0))) {
            return new long[] {0, Long.MAX_VALUE, -1};
        }
        long[] count = {0};
        eachDocument(complaints, text -> count[0]++);
        return new long[] {(long) (count[0] * part.get(0)), (long) (count[0] * part.get(1)), count[0]};
    }

    private void eachDocument(Complaints complaints, Consumer<String> sink) {
        for (Path file : files) {
            boolean objects = DataFiles.plainName(file).matches(".*\\.(jsonl|ndjson|json)");
            if (objects || !field.isEmpty() && DataFiles.plainName(file).matches(".*\\.(tsv|csv)")) {
                Table table = new Table(List.of(file), java.util.Optional.empty(), false, List.of());
                String name = field.isEmpty() ? "text" : field;
                table.each(List.of(name), complaints, row -> sink.accept(row.get(0)));
            } else {
                try (Lines lines = new Lines(file, complaints)) {
                    documents(file, lines, sink);
                }
            }
        }
    }

    private void documents(Path file, Lines lines, Consumer<String> sink) {
        StringBuilder text = new StringBuilder();
        boolean whole = documents.equals("file");
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (whole) {
                text.append(line).append(lines.ended() ? "\n" : "");
            } else if (documents.equals("lines")
                    || documents.equals("mark") && !line.equals(mark)
                    || documents.equals("blank-lines") && !line.isBlank()) {
                text.append(line).append('\n');
            }
            boolean over = !whole
                    && (documents.equals("lines")
                            || line.equals(mark)
                            || documents.equals("blank-lines") && line.isBlank());
            if (over) {
                give(text, sink);
            }
            if (text.length() > LONGEST) {
                throw new ResourceException(file + ", line " + lines.number() + ": a document of more than "
                        + (LONGEST >> 20) + " million characters; say with data.documents what separates them");
            }
        }
        if (whole) {
            sink.accept(cut(text.toString()));
        } else {
            give(text, sink);
        }
    }

    private static void give(StringBuilder text, Consumer<String> sink) {
        String document = text.toString().strip();
        text.setLength(0);
        if (!document.isEmpty()) {
            sink.accept(document);
        }
    }

    /** The part of a file's characters that is wanted. */
    private String cut(String text) {
        int n = text.codePointCount(0, text.length());
        int from = text.offsetByCodePoints(0, (int) (n * part.get(0)));
        int to = text.offsetByCodePoints(0, (int) (n * part.get(1)));
        return text.substring(from, to);
    }
}
