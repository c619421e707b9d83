package dev.cutaway.text.train;

/** Is told how the training of a tokenizer goes, a few times a second at most for each stage. */
public interface TokenizerProgress {
    /** Tells nobody. */
    TokenizerProgress NONE = (stage, done, total) -> {};

    /**
     * So much is done.
     *
     * @param stage {@code characters} (read), {@code pieces} (of Unigram's first vocabulary), {@code rounds} (of its training), {@code merges}
     * @param done how many
     * @param total of how many, -1 where that is not known
     */
    void report(String stage, long done, long total);
}
