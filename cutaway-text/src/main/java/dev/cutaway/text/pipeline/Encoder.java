package dev.cutaway.text.pipeline;

import dev.cutaway.text.join.Part;
import java.util.Optional;

/** Runs a pipeline on texts, by a short cut where there is one. Thread-safe. */
public final class Encoder {
    private final Pipeline pipeline;
    private final Optional<ByteLevelPath> shortCut;

    /** An encoder for {@code pipeline}. */
    public Encoder(Pipeline pipeline) {
        this.pipeline = pipeline;
        this.shortCut =
                ByteLevelPath.of(pipeline.normaliser(), pipeline.preTokenizer(), pipeline.model(), pipeline.added());
    }

    /** The tokens of text {@code sequence} (0 or 1) before post-processing. */
    public Part encode(String text, int sequence, boolean parseSpecial) {
        return shortCut.filter(s -> s.takes(text))
                .flatMap(s -> s.encode(text, sequence, parseSpecial))
                .orElseGet(() -> pipeline.encodeByTheSteps(text, sequence, parseSpecial));
    }

    /** Just the ids of one text before post-processing. */
    public int[] ids(String text, boolean parseSpecial) {
        return shortCut.filter(s -> s.takes(text))
                .flatMap(s -> s.ids(text, parseSpecial))
                .orElseGet(
                        () -> pipeline.encodeByTheSteps(text, 0, parseSpecial).ids());
    }
}
