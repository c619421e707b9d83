package dev.cutaway.inspect;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Sizes;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A model of the engine, as the inspector sees it. Numbers come from its sessions' looks; nothing is worked out here. */
public final class LookModel implements InspectedModel {
    private final Model model;
    private final Facts facts;

    /**
     * Wraps a model; the caller closes it.
     *
     * @param model stays the caller's
     */
    public LookModel(Model model) {
        this.model = model;
        Sizes s = model.sizes();
        SignedScale scale = SignedScale.of(model);
        this.facts = new Facts(
                model.name(),
                model.architecture(),
                family(model.family()),
                s.layers(),
                s.heads(),
                s.keyValueHeads(),
                s.headSize(),
                s.width(),
                s.hidden(),
                s.vocabulary(),
                s.context(),
                model.describe().parameters(),
                scale.knee(),
                scale.end());
    }

    private static String family(Family family) {
        return family.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public Facts facts() {
        return facts;
    }

    @Override
    public Sequence sequence() {
        return new LookSequence(model, model.session());
    }

    @Override
    public String word(int id) {
        return word(model.tokenizer(), id);
    }

    /** A token's text, with the space before it that some tokenizers leave to the decoder of a whole text. */
    static String word(Tokenizer tokenizer, int id) {
        String text = tokenizer.text(id);
        boolean spaced = tokenizer.piece(id).filter(p -> p.startsWith("▁")).isPresent();
        return spaced && !text.startsWith(" ") ? " " + text : text;
    }

    @Override
    public Trace trace(String text) {
        Tokenizer tokenizer = model.tokenizer();
        return Traces.of(tokenizer.trace(text, EncodeOptions.ALL), id -> word(tokenizer, id));
    }

    /** Tokens with their texts. */
    static List<Piece> pieces(Tokenizer tokenizer, int[] ids) {
        List<Piece> out = new ArrayList<>(ids.length);
        for (int id : ids) {
            out.add(new Piece(id, word(tokenizer, id)));
        }
        return out;
    }
}
