package dev.cutaway.text.pipeline;

/**
 * A token that is found in the text before anything else happens to it.
 *
 * @param id its id
 * @param content the text that it stands for
 * @param special it steers the model and is no text: left out of decoded text, and found in a text only when asked for
 * @param singleWord found only where no letter, digit or underscore touches it
 * @param stripLeft takes the white space before it
 * @param stripRight takes the white space after it
 * @param normalised looked for in the normalised text (and itself normalised), not in the text as given
 */
public record AddedToken(
        int id,
        String content,
        boolean special,
        boolean singleWord,
        boolean stripLeft,
        boolean stripRight,
        boolean normalised) {
    /** A token without conditions. */
    public static AddedToken plain(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }
}
