package dev.cutaway.train.data;

import dev.cutaway.model.Family;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Prepared token ids. Padding, as {@code attention_mask} has it, is cut off: rows that no other row sees and whose own labels do not
 * count. What is left keeps the position of its column, as transformers gives it, whichever side the padding is on.
 */
final class PreparedTexts implements Source {
    private static final String IDS = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String TYPES = "token_type_ids";
    private static final String POSITIONS = "position_ids";
    private static final String DECODER_IDS = "decoder_input_ids";
    private static final String DECODER_MASK = "decoder_attention_mask";
    private static final String LABELS = Objective.LABELS;

    private final Prepared file;
    private final DataContext context;
    private final boolean each; // a label for each token

    PreparedTexts(Prepared file) {
        this.file = file;
        this.context = file.context();
        file.require(IDS, false, 2);
        for (String beside : List.of(MASK, TYPES, POSITIONS)) {
            if (file.has(beside)) {
                file.require(beside, false, 2);
                requireWidth(beside, IDS);
            }
        }
        this.each = requireLabels();
        long columns = file.width(IDS);
        if (context.sizes().learnedPositions() && columns > context.sizes().context() && !file.has(POSITIONS)) {
            throw file.bad(
                    IDS,
                    "has " + columns + " columns; the model has "
                            + context.sizes().context() + " positions");
        }
        for (long i = 0; i < size(); i++) {
            example(i); // the checks of every number are there
        }
    }

    private boolean requireLabels() {
        switch (file.task()) {
            case NEXT_TOKEN -> {
                if (file.has(LABELS)) {
                    file.require(LABELS, false, 2);
                    requireWidth(LABELS, IDS);
                }
                return true;
            }
            case SEQUENCE_TO_SEQUENCE -> {
                file.require(LABELS, false, 2);
                for (String beside : List.of(DECODER_IDS, DECODER_MASK)) {
                    if (file.has(beside)) {
                        file.require(beside, false, 2);
                        requireWidth(beside, LABELS);
                    }
                }
                return true;
            }
            case CLASSIFY -> {
                file.require(LABELS, file.isReal(LABELS) && context.regression(), 1, 2);
                return file.rank(LABELS) == 2 && file.width(LABELS) > 1 && !context.regression();
            }
            case MASKED_NEXT_SENTENCE -> file.require(Prepared.NEXT_SENTENCE, false, 1, 2);
            default -> {}
        }
        file.require(LABELS, false, 2);
        requireWidth(LABELS, IDS);
        return true;
    }

    private void requireWidth(String name, String as) {
        if (file.width(name) != file.width(as)) {
            throw file.bad(
                    name,
                    "has " + file.width(name) + " columns, " + as + " has " + file.width(as)
                            + "; they must have the same");
        }
    }

    @Override
    public long size() {
        return file.size();
    }

    @Override
    public String name() {
        return file.file();
    }

    @Override
    public Example example(long i, SplittableRandom draws) {
        return example(i);
    }

    private Example example(long i) {
        int vocabulary = context.sizes().vocabulary();
        int[] ids = file.within(IDS, i, vocabulary, false, "ids of the model's tokens");
        int[] at = kept(MASK, i, ids.length);
        int[] positions =
                file.optional(POSITIONS, i).map(p -> pick(positions(i, p), at)).orElse(at);
        int[] read = pick(ids, at);
        return switch (file.task()) {
            case SEQUENCE_TO_SEQUENCE -> pair(i, read, positions);
            case NEXT_TOKEN -> Example.tokens(read, positions, rowLabels(i, at, shifted(i, ids)));
            case MASKED -> encoder(i, read, at, positions, rowLabels(i, at, tokenLabels(i)));
            case MASKED_NEXT_SENTENCE ->
                encoder(i, read, at, positions, rowLabels(i, at, tokenLabels(i)))
                        .with(Prepared.NEXT_SENTENCE, follows(i));
            case CLASSIFY -> classified(i, read, at, positions);
        };
    }

    private int[] positions(long i, int[] given) {
        if (context.sizes().learnedPositions()) {
            file.within(POSITIONS, i, context.sizes().context(), false, "the model's positions");
        }
        return given;
    }

    private Example encoder(long i, int[] ids, int[] at, int[] positions, int[] labels) {
        int[] types = file.has(TYPES)
                ? pick(file.within(TYPES, i, context.tokenTypes(), false, "types of tokens"), at)
                : new int[ids.length];
        return Example.encoder(ids, types, positions, labels);
    }

    private Example classified(long i, int[] ids, int[] at, int[] positions) {
        if (!each) {
            return Answer.of(file, i).on(encoder(i, ids, at, positions, new int[0]));
        }
        int[] labels = file.within(LABELS, i, context.classes(), true, "the model's classes");
        return encoder(i, ids, at, positions, rowLabels(i, at, labels));
    }

    private int follows(long i) {
        return file.within(Prepared.NEXT_SENTENCE, i, 2, true, "0 (it follows) and 1 (it does not); labels")[0];
    }

    private int[] tokenLabels(long i) {
        return file.within(LABELS, i, context.sizes().vocabulary(), true, "ids of the model's tokens");
    }

    /** For each column the label of the one after it. */
    private int[] shifted(long i, int[] ids) {
        int[] own = file.has(LABELS) ? tokenLabels(i) : ids;
        int[] next = Arrays.copyOfRange(own, 1, own.length + 1);
        next[own.length - 1] = Objective.NOT_COUNTED;
        if (!file.has(LABELS) && file.has(MASK)) { // padding is no text to be learnt
            int[] mask = file.ints(MASK, i);
            for (int c = 0; c + 1 < ids.length; c++) {
                next[c] = mask[c + 1] == 0 ? Objective.NOT_COUNTED : next[c];
            }
        }
        return next;
    }

    private Example pair(long i, int[] source, int[] positions) {
        int[] labels = tokenLabels(i);
        int[] read = file.has(DECODER_IDS)
                ? file.within(DECODER_IDS, i, context.sizes().vocabulary(), false, "ids of the model's tokens")
                : shiftedRight(labels, context.decoderStart(), context.padding());
        int[] at = kept(DECODER_MASK, i, read.length);
        if (at[0] != 0 || at[at.length - 1] != at.length - 1) {
            throw file.bad(DECODER_MASK, i, at[0] == 0 ? at.length : 0, "is 0 before a 1; pad targets on the right");
        }
        int[] counted = rowLabels(i, at, labels);
        int n = counted.length; // rows after the last that counts are seen by none that does
        while (n > 1 && counted[n - 1] < 0) {
            n--;
        }
        return Example.pair(source, positions, Arrays.copyOf(read, n), Arrays.copyOf(counted, n));
    }

    /** What a decoder reads while it is taught: the start token, then all labels but the last, those not counted as padding. */
    static int[] shiftedRight(int[] labels, int start, int padding) {
        int[] read = new int[labels.length];
        read[0] = start;
        for (int i = 1; i < read.length; i++) {
            read[i] = labels[i - 1] == Objective.NOT_COUNTED ? padding : labels[i - 1];
        }
        return read;
    }

    /** Columns that are not padding. */
    private int[] kept(String name, long i, int columns) {
        int[] all = new int[columns];
        Arrays.setAll(all, c -> c);
        if (!file.has(name)) {
            return all;
        }
        int[] mask = file.within(name, i, 2, false, "0 (padding) and 1 (text); masks");
        int[] at = Arrays.stream(all).filter(c -> mask[c] != 0).toArray();
        if (at.length == 0) {
            throw file.bad(name, i, 0, "and all after it are 0; the example is empty");
        }
        boolean holes = at[at.length - 1] - at[0] + 1 > at.length;
        if (holes && context.family() != Family.ENCODER) {
            throw file.bad(name, i, at[0], "begins a text with holes; only an encoder can read it, mask the ends only");
        }
        return at;
    }

    /** The labels of the rows that are kept; no other may count, but that of the padding before the first token. */
    private int[] rowLabels(long i, int[] at, int[] labels) {
        int next = 0;
        for (int c = 0; c < labels.length; c++) {
            if (next < at.length && at[next] == c) {
                next++;
            } else if (labels[c] >= 0 && !(file.task() == Task.NEXT_TOKEN && c + 1 == at[0])) {
                int column = file.task() == Task.NEXT_TOKEN ? c + 1 : c;
                throw file.bad(LABELS, i, column, "counts, but what predicts it is padding; put -100 there");
            }
        }
        return pick(labels, at);
    }

    private static int[] pick(int[] x, int[] at) {
        return Arrays.stream(at).map(c -> x[c]).toArray();
    }

    @Override
    public List<String> complaints() {
        return file.complaints();
    }

    @Override
    public void close() {
        file.close();
    }
}
