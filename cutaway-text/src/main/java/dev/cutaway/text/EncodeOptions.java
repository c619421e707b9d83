package dev.cutaway.text;

/**
 * What to do with special tokens when encoding.
 *
 * @param addSpecial add the tokens that the model expects around a text (BOS, CLS, SEP ...)
 * @param parseSpecial the text of a special token inside the text becomes that token; false leaves it text, which is right for
 *     whatever a stranger typed
 */
public record EncodeOptions(boolean addSpecial, boolean parseSpecial) {
    /** Special tokens are added around the text; inside it they are text. */
    public static final EncodeOptions TEXT = new EncodeOptions(true, false);
    /** Special tokens are added and recognised: what Hugging Face does by default. */
    public static final EncodeOptions ALL = new EncodeOptions(true, true);
    /** Nothing added, nothing recognised. */
    public static final EncodeOptions BARE = new EncodeOptions(false, false);
    /** Nothing added, special tokens inside the text recognised: for text that a chat template made. */
    public static final EncodeOptions TEMPLATE = new EncodeOptions(false, true);
}
