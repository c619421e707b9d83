package dev.cutaway.text.normal;

import java.util.List;

/** A step that changes the text before it is cut, keeping what each character stands for. */
public interface Normaliser {
    /** The text after this step. */
    AlignedText apply(AlignedText text);

    /** What it is called in {@code tokenizer.json}, with its settings, for people. */
    String describe();

    /** Changes nothing. */
    Normaliser NONE = new Normaliser() {
        @Override
        public AlignedText apply(AlignedText text) {
            return text;
        }

        @Override
        public String describe() {
            return "none";
        }
    };

    /** Several steps, one after another. */
    record Chain(List<Normaliser> steps) implements Normaliser {
        public Chain {
            steps = List.copyOf(steps);
        }

        @Override
        public AlignedText apply(AlignedText text) {
            AlignedText now = text;
            for (Normaliser step : steps) {
                now = step.apply(now);
            }
            return now;
        }

        @Override
        public String describe() {
            return String.join(", ", steps.stream().map(Normaliser::describe).toList());
        }
    }
}
