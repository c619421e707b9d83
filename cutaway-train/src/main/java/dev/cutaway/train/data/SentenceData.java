package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import java.nio.file.Path;
import java.util.List;

/**
 * Documents of sentences: one a line, a blank line between documents, as BERT's own data.
 *
 * @param files read one after the other
 * @param fill whether both halves are filled up with the sentences that follow, as BERT's are; else each is one sentence
 * @param shuffled whether each epoch has its own order
 * @param masks how words are hidden
 */
record SentenceData(List<Path> files, boolean fill, boolean shuffled, MaskOptions masks) {
    private static final int LEAST_CONTEXT = 8;

    SentenceData {
        files = List.copyOf(files);
    }

    static SentenceData of(Keys keys) {
        SentenceData data = new SentenceData(
                keys.files("sentences"),
                keys.flag("fill", false),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"),
                MaskOptions.of(keys));
        keys.done();
        return data;
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.MASKED_NEXT_SENTENCE) {
            throw new UsageException("data.sentences is for masked+next-sentence; " + task.text()
                    + (task == Task.MASKED ? " needs data.text (with lines: true)" : " needs another kind of data"));
        }
        if (context.context() < LEAST_CONTEXT) {
            throw new UsageException("context: " + context.context()
                    + " tokens are too few for two sentences; at least " + LEAST_CONTEXT);
        }
        Source source = read(context);
        return new Drawn(
                source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    private Source read(DataContext context) {
        Vocabulary v = Vocabulary.of(context);
        Complaints complaints = new Complaints();
        Ints documents = new Ints(); // first sentence of each
        try (TokenStore.Builder out = new TokenStore.Builder()) {
            for (Path file : files) {
                documents.add(out.sequences());
                try (Lines lines = new Lines(file, complaints)) {
                    for (String line = lines.next(); line != null; line = lines.next()) {
                        int[] ids = v.ids(line.strip());
                        if (ids.length > 0) {
                            out.add(ids);
                        } else if (documents.last() < out.sequences()) {
                            documents.add(out.sequences());
                        }
                    }
                }
            }
            if (documents.last() < out.sequences()) {
                documents.add(out.sequences());
            }
            int[] bounds = documents.distinct();
            if (bounds.length < 3) {
                throw new BadInputException(files.getFirst() + ": holds " + Math.max(0, bounds.length - 1)
                        + " documents; two at least are needed, one sentence a line and a blank line between documents"
                        + complaints.firstOne().map(c -> " (" + c + ")").orElse(""));
            }
            return new SentencePairs(files.getFirst().toString(), out.build(), bounds, this, v, context, complaints);
        }
    }
}
