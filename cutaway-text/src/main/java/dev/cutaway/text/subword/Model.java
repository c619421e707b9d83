package dev.cutaway.text.subword;

import dev.cutaway.text.trace.Steps;

/** Turns one pre-token into tokens of a vocabulary. Thread-safe. */
public interface Model {
    /** Adds to {@code out} the tokens of {@code text[from, to)}, which is not empty. */
    void encode(String text, int from, int to, Tokens out);

    /** How {@link #encode} comes to its result, for people to see. */
    Steps explain(String text, int from, int to);

    /** The pieces. */
    PieceTable vocabulary();

    /** Its name in {@code tokenizer.json}, for people. */
    String describe();
}
