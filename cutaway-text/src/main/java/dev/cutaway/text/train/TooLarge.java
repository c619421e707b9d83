package dev.cutaway.text.train;

import dev.cutaway.tensor.ResourceException;

/** A training text that exceeds what arrays can hold. */
final class TooLarge {
    private TooLarge() {}

    static ResourceException of(String what) {
        return new ResourceException("tokenizer training: the text has " + what
                + ", too many to train on; give less text (a sample will do)");
    }
}
