package dev.cutaway.inspect;

import dev.cutaway.model.Family;
import dev.cutaway.model.Model;
import dev.cutaway.model.Sizes;
import java.util.Locale;

/** A model of the engine, as the inspector sees it. Numbers come from its sessions' looks; nothing is worked out here. */
public final class LookModel implements InspectedModel {
    private final Model model;
    private final Texts texts;
    private final Facts facts;

    /**
     * Wraps a model; the caller closes it.
     *
     * @param model stays the caller's
     */
    public LookModel(Model model) {
        this(model, SignedScale.of(model));
    }

    LookModel(Model model, SignedScale scale) {
        this.model = model;
        this.texts = new Texts(model);
        Sizes s = model.sizes();
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
        return new LookSequence(model, texts, model.session());
    }

    @Override
    public String word(int id) {
        return texts.word(id);
    }

    @Override
    public Trace trace(String text) {
        return texts.trace(text);
    }
}
