package dev.cutaway.model;

import dev.cutaway.tensor.BadInputException;

/**
 * The sizes of a model that people ask for.
 *
 * @param layers blocks (of the decoder, where there are two stacks)
 * @param heads query heads
 * @param keyValueHeads key and value heads; fewer than {@code heads} where groups share them
 * @param headSize elements of a query and a key
 * @param width elements of the residual stream
 * @param hidden neurons of a feed-forward layer
 * @param vocabulary tokens; 0 for images
 * @param context positions that the model was made for
 * @param learnedPositions whether the context is a hard limit because positions are rows of a table
 */
public record Sizes(
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        int width,
        int hidden,
        int vocabulary,
        int context,
        boolean learnedPositions) {
    private static final int MAX = 1 << 24;

    public Sizes {
        check("layers", layers, 10_000);
        check("heads", heads, 65_536);
        check("key/value heads", keyValueHeads, 65_536);
        check("head size", headSize, 65_536);
        check("width", width, MAX);
        check("hidden size", hidden, MAX);
        if (vocabulary < 0 || vocabulary > MAX) {
            throw new BadInputException("vocabulary of " + vocabulary + " tokens; from 0 to " + MAX);
        }
        if (heads % keyValueHeads != 0) {
            throw new BadInputException(
                    heads + " heads cannot share " + keyValueHeads + " key/value heads evenly; check "
                            + "num_attention_heads and num_key_value_heads in the configuration");
        }
    }

    private static void check(String what, int n, int max) {
        if (n < 1 || n > max) {
            throw new BadInputException(what + ": " + n + " is not from 1 to " + max + "; correct the configuration");
        }
    }
}
