package dev.cutaway.text.split;

import java.util.List;

/** A step that cuts pieces of text into smaller ones, and may rewrite them (byte-level letters, a mark for the space). */
public interface PreTokenizer {
    /** The pieces after this step. */
    Cut apply(Cut cut);

    /** What it is called in {@code tokenizer.json}, with its settings, for people. */
    String describe();

    /** Leaves the pieces as they are. */
    PreTokenizer NONE = new PreTokenizer() {
        @Override
        public Cut apply(Cut cut) {
            return cut;
        }

        @Override
        public String describe() {
            return "none";
        }
    };

    /** Several steps, one after another. */
    record Chain(List<PreTokenizer> steps) implements PreTokenizer {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public Cut apply(Cut cut) {
            Cut now = cut;
            for (PreTokenizer step : steps) {
                now = step.apply(now);
            }
            return now;
        }

        @Override
        public String describe() {
            return String.join(", ", steps.stream().map(PreTokenizer::describe).toList());
        }
    }
}
