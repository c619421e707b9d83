package dev.cutaway.text.split;

/** Finds the stretches of a text that a pre-tokenizer splits at. */
public interface Matcher {
    /** Divides {@code [from, to)} of {@code text}; the caller adds the rest after the last match. */
    void find(String text, int from, int to, Matches out);

    /** The pattern, for people. */
    String describe();
}
