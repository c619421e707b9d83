package dev.cutaway.inspect;

import dev.cutaway.model.Family;
import dev.cutaway.model.Look;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.TensorInfo;
import dev.cutaway.tensor.CutawayException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import java.util.Arrays;
import java.util.List;

/**
 * The two numbers of the scale on which every signed value of a model is drawn: linear around zero up to about {@code knee},
 * logarithmic beyond, saturated at {@code end}. They are a property of the model, taken once from its own activations on a fixed
 * sentence and rounded to 1, 2, 3 or 5 times a power of ten: half of what attention writes lies within the knee, and 999 of 1000
 * values of the residual stream within the end.
 */
record SignedScale(double knee, double end) {
    private static final String SENTENCE = "When Mary and John went to the store, John gave a drink to";
    private static final int MOST_LAYERS = 8;
    private static final SignedScale USUAL = new SignedScale(0.5, 300);

    static SignedScale of(Model model) {
        if (model.family() != Family.DECODER) {
            return USUAL;
        }
        try (Session session = model.session()) {
            int[] ids = model.tokenizer().ids(SENTENCE, EncodeOptions.TEXT);
            int context = model.sizes().context();
            session.append(context > 0 && context < ids.length ? Arrays.copyOf(ids, context) : ids);
            Look look = session.look();
            double knee = rounded(quantile(look, "hook_attn_out", 0.5));
            double end = rounded(quantile(look, "hook_resid_pre", 0.999));
            return knee > 0 && end > 4 * knee ? new SignedScale(knee, end) : USUAL;
        } catch (CutawayException e) {
            // A model without a tokenizer can still be looked at, on the usual scale.
            return USUAL;
        }
    }

    /** A quantile of the magnitudes of a tensor over up to eight layers; 0 if there is none. */
    private static double quantile(Look look, String ending, double q) {
        List<String> names = look.list().stream()
                .map(TensorInfo::name)
                .filter(n -> n.startsWith("blocks.") && n.endsWith("." + ending))
                .toList();
        int step = Math.max(1, names.size() / MOST_LAYERS);
        float[] all = new float[0];
        for (int i = 0; i < names.size(); i += step) {
            Tensor t = look.value(names.get(i));
            int at = all.length;
            all = Arrays.copyOf(all, at + Math.toIntExact(t.size()));
            for (int j = at; j < all.length; j++) {
                all[j] = Math.abs(t.get(j - at));
            }
        }
        if (all.length == 0) {
            return 0;
        }
        Arrays.sort(all);
        return all[(int) Math.min(all.length - 1L, (long) (q * all.length))];
    }

    /** The nearest of 1, 2, 3, 5 times a power of ten, by ratio. */
    static double rounded(double x) {
        if (!(x > 0) || Double.isInfinite(x)) {
            return 0;
        }
        double power = Math.pow(10, Math.floor(Math.log10(x)));
        double best = power;
        for (double digit : new double[] {1, 2, 3, 5, 10}) {
            if (Math.abs(Math.log(x / (digit * power))) < Math.abs(Math.log(x / best))) {
                best = digit * power;
            }
        }
        return best;
    }
}
