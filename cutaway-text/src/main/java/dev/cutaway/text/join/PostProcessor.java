package dev.cutaway.text.join;

import java.util.List;

/** What is done with the tokens of one text, or of a pair, at the end: special tokens around them, offsets trimmed. */
public interface PostProcessor {
    /**
     * The finished sequence of tokens.
     *
     * @param parts the tokens of the text, or of the two texts of a pair
     * @param addSpecial whether special tokens are added
     */
    List<Part> apply(List<Part> parts, boolean addSpecial);

    /** The finished ids of one text, without its offsets. */
    int[] ids(int[] text, boolean addSpecial);

    /** Appends a pair's second text to the first, with type 1, and adds nothing. */
    PostProcessor NONE = new Chain(List.of());

    /** Several steps, one after another. */
    record Chain(List<PostProcessor> steps) implements PostProcessor {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public List<Part> apply(List<Part> parts, boolean addSpecial) {
            List<Part> now = parts;
            for (PostProcessor step : steps) {
                now = step.apply(now, addSpecial);
            }
            return now;
        }

        @Override
        public int[] ids(int[] text, boolean addSpecial) {
            int[] now = text;
            for (PostProcessor step : steps) {
                now = step.ids(now, addSpecial);
            }
            return now;
        }
    }
}
