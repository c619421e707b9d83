package dev.cutaway.train.data;

import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Encoding;
import dev.cutaway.text.Tokenizer;
import dev.cutaway.train.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Texts, or pairs of texts, with a class or a number.
 *
 * @param table the rows
 * @param label the field with the class's name (or number, for a model whose classes have none), or the number to be predicted
 * @param text the field that is read
 * @param pair the field that is read with it, if any
 * @param names the classes in the order of their numbers; empty: as the configuration says, else all that occur, sorted
 * @param subset share of the examples that is learnt from, of each class alike
 * @param shuffled whether each epoch has its own order
 */
record LabelledData(
        Table table,
        String label,
        String text,
        Optional<String> pair,
        List<String> names,
        double subset,
        boolean shuffled) {
    private static final int MOST_CLASSES = 100_000;

    static LabelledData of(Keys keys) {
        LabelledData data = new LabelledData(
                Table.of(keys, "labelled"),
                keys.text("label", "1"),
                keys.text("text", "2"),
                keys.optionalText("pair"),
                keys.texts("classes"),
                keys.real("subset", 1e-6, 1, 1),
                keys.choice("order", "shuffled", "sequential", "shuffled").equals("shuffled"));
        keys.done();
        return data;
    }

    /** The classes that occur, sorted, or those that are given. */
    List<String> classes() {
        if (!names.isEmpty()) {
            return names;
        }
        TreeSet<String> all = new TreeSet<>();
        table.each(List.of(label), new Complaints(), row -> {
            all.add(row.get(0));
            if (all.size() > MOST_CLASSES) {
                throw new BadInputException(row.file() + ", line " + row.line() + ": the " + MOST_CLASSES
                        + "th class; is column " + label + " the label?");
            }
        });
        return List.copyOf(all);
    }

    Batches open(Task task, DataContext context, boolean heldOut) {
        if (task != Task.CLASSIFY) {
            throw new UsageException("data.labelled is for classify; " + task.text() + " needs another kind of data");
        }
        LabelledTexts all = read(context);
        long[] chosen = Subset.of(all.groups(), heldOut ? 1 : subset, context.seed());
        Source source = new Subset(all, chosen);
        return new Drawn(
                source, new Order(source.size(), context.batch(), context.seed(), shuffled && !heldOut, heldOut));
    }

    private LabelledTexts read(DataContext context) {
        Vocabulary v = Vocabulary.of(context);
        boolean regression = context.regression();
        List<String> known = regression ? List.of() : Classes.of(names, context, this::classes);
        Map<String, Integer> numbers = Classes.numbers(known);
        Complaints complaints = new Complaints();
        List<String> wanted = new ArrayList<>(List.of(label, text));
        pair.ifPresent(wanted::add);
        Ints answers = new Ints();
        try (TokenStore.Builder out = new TokenStore.Builder()) {
            table.each(wanted, complaints, row -> {
                Optional<Integer> answer = regression ? number(row, complaints) : named(row, numbers, complaints);
                answer.ifPresent(a -> {
                    answers.add(a);
                    out.add(tokens(v, row, context.context(), complaints));
                });
            });
            String name = table.files().getFirst().toString();
            if (answers.size() == 0) {
                throw new BadInputException(name + ": holds no labelled text"
                        + complaints.firstOne().map(c -> " (" + c + ")").orElse("; it is empty"));
            }
            return new LabelledTexts(name, out.build(), answers.toArray(), regression, known, complaints);
        }
    }

    private static Optional<Integer> number(Table.Row row, Complaints complaints) {
        try {
            float x = Float.parseFloat(row.get(0).strip());
            if (Float.isFinite(x)) {
                return Optional.of(Float.floatToRawIntBits(x));
            }
        } catch (NumberFormatException e) {
            // said below
        }
        complaints.add(
                row.file(),
                row.line(),
                "has " + Classes.shown(row.get(0)) + ", not a number to be predicted; left out");
        return Optional.empty();
    }

    private static Optional<Integer> named(Table.Row row, Map<String, Integer> numbers, Complaints complaints) {
        Integer i = numbers.get(row.get(0));
        if (i == null) {
            complaints.add(
                    row.file(),
                    row.line(),
                    "has the class " + Classes.shown(row.get(0)) + ", which the model does not know; left out");
        }
        return Optional.ofNullable(i);
    }

    /** Ids with their types in the upper bits, cut so that they fit. */
    private static int[] tokens(Vocabulary v, Table.Row row, int most, Complaints complaints) {
        Tokenizer t = v.tokenizer();
        Encoding e = row.values().size() == 3
                ? t.encode(row.get(1), row.get(2), EncodeOptions.TEXT)
                : t.encode(row.get(1), EncodeOptions.TEXT);
        v.checked(e.ids());
        boolean[] kept = kept(e, most);
        int[] out = new int[e.size()];
        int n = 0;
        for (int i = 0; i < e.size(); i++) {
            if (kept[i]) {
                out[n++] = e.id(i) | e.type(i) << 24;
            }
        }
        if (n < e.size()) {
            complaints.note("texts longer than the context of " + most + " tokens, cut");
        }
        return Arrays.copyOf(out, n);
    }

    /** Leaves out tokens at the end of the longer text until all fit; special ones stay. */
    private static boolean[] kept(Encoding e, int most) {
        int[] count = new int[3];
        for (int i = 0; i < e.size(); i++) {
            count[e.sequence(i) + 1]++;
        }
        int[] fit = SentencePairs.fit(count[1], count[2], Math.max(0, most - count[0]));
        boolean[] kept = new boolean[e.size()];
        int[] seen = new int[2];
        for (int i = 0; i < kept.length; i++) {
            int s = e.sequence(i);
            kept[i] = s < 0 || seen[s]++ < fit[s];
        }
        return kept;
    }

    /**
     * The examples.
     *
     * @param answers classes, or the bits of floats
     */
    record LabelledTexts(
            String name,
            TokenStore store,
            int[] answers,
            boolean regression,
            List<String> classes,
            Complaints complained)
            implements Source {
        int[] groups() {
            return regression ? new int[answers.length] : answers;
        }

        @Override
        public long size() {
            return answers.length;
        }

        @Override
        public Example example(long i, SplittableRandom draws) {
            int[] kept = store.sequence((int) i);
            int[] ids = new int[kept.length];
            int[] types = new int[kept.length];
            int[] positions = new int[kept.length];
            for (int k = 0; k < kept.length; k++) {
                ids[k] = kept[k] & 0xFFFFFF;
                types[k] = kept[k] >>> 24;
                positions[k] = k;
            }
            int a = answers[(int) i];
            Answer answer = regression ? new Answer.Numbers(Float.intBitsToFloat(a)) : new Answer.Chosen(a);
            return answer.on(Example.encoder(ids, types, positions, new int[0]));
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
}
