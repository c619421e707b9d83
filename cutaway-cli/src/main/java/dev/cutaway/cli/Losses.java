package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.OptionalInt;

/** Logits of every token of a text, in windows that fit the context and do not overlap. */
final class Losses {
    /** Bytes of logits held at once; a window's may be gigabytes. */
    private static final long BUDGET = 64L << 20;

    private final Model model;
    private final int context;
    private final int[] ids;
    private final OptionalInt bos;

    Losses(Model model, String text, int context) {
        this.model = model;
        this.context = context;
        this.ids = model.tokenizer().ids(text, EncodeOptions.BARE);
        this.bos = bos(model);
    }

    /** The token that the tokenizer puts before a text, if it does. */
    private static OptionalInt bos(Model model) {
        OptionalInt bos = model.tokenizer().special().bos();
        int[] probe = model.tokenizer().ids("a", new EncodeOptions(true, false));
        return bos.isPresent() && probe.length > 0 && probe[0] == bos.getAsInt() ? bos : OptionalInt.empty();
    }

    int tokens() {
        return ids.length;
    }

    /** Takes the logits of a place, and the token that came next. */
    interface Visitor {
        /** Row {@code row} of {@code logits} predicts {@code next}. */
        void at(float[] logits, int next);
    }

    /** Windows of the text: BOS first where the tokenizer adds it. */
    int windows() {
        int own = context - (bos.isPresent() ? 1 : 0);
        return (ids.length + own - 1) / own;
    }

    int[] window(int n) {
        int own = context - (bos.isPresent() ? 1 : 0);
        int[] part = Arrays.copyOfRange(ids, n * own, Math.min(ids.length, (n + 1) * own));
        if (bos.isEmpty()) {
            return part;
        }
        int[] with = new int[part.length + 1];
        with[0] = bos.getAsInt();
        System.arraycopy(part, 0, with, 1, part.length);
        return with;
    }

    /** Runs a window and visits every token of it but the first. */
    void visit(Session session, int[] window, Visitor visitor) {
        int vocabulary = model.sizes().vocabulary();
        int step = Math.clamp(BUDGET / (4L * vocabulary), 1, 128);
        float[] row = new float[vocabulary];
        session.reset();
        for (int at = 0; at < window.length; at += step) {
            Tensor logits = session.appendAll(Arrays.copyOfRange(window, at, Math.min(window.length, at + step)));
            for (int i = 0; i < logits.dim(0) && at + i + 1 < window.length; i++) {
                java.lang.foreign.MemorySegment.copy(
                        logits.data(), ValueLayout.JAVA_FLOAT, i * 4L * vocabulary, row, 0, vocabulary);
                visitor.at(row, window[at + i + 1]);
            }
        }
    }

    static Session session(Model model, int context) {
        return model.session(SessionOptions.defaults().withRecording(false).withContext(context));
    }

    /** The logarithm of the sum of the exponentials. */
    static double logSum(float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - max);
        }
        return max + Math.log(sum);
    }
}
