package dev.cutaway.train.data;

import dev.cutaway.model.Family;
import dev.cutaway.model.Nearest;
import dev.cutaway.tensor.UsageException;
import java.util.Arrays;
import java.util.List;

/** What is to be learnt: a recipe's {@code objective}. */
enum Task {
    NEXT_TOKEN("next-token", Family.DECODER),
    MASKED("masked", Family.ENCODER),
    MASKED_NEXT_SENTENCE("masked+next-sentence", Family.ENCODER),
    SEQUENCE_TO_SEQUENCE("sequence-to-sequence", Family.ENCODER_DECODER),
    CLASSIFY("classify", Family.ENCODER, Family.VISION);

    private final String text;
    private final Family family;
    private final Family other;

    Task(String text, Family family) {
        this(text, family, family);
    }

    Task(String text, Family family, Family other) {
        this.text = text;
        this.family = family;
        this.other = other;
    }

    String text() {
        return text;
    }

    static Task of(String objective) {
        List<String> all = Arrays.stream(values()).map(Task::text).toList();
        int i = all.indexOf(objective);
        if (i < 0) {
            throw new UsageException("objective: \"" + objective + "\" is not known; did you mean "
                    + Nearest.of(objective, all) + "? (" + String.join(", ", all) + ")");
        }
        return values()[i];
    }

    /** Refuses a model that cannot do it. */
    void requireFor(Family model, String architecture) {
        if (model != family && model != other) {
            String kind = switch (model) {
                case DECODER -> "a decoder; train it with next-token";
                case ENCODER -> "an encoder; train it with masked, masked+next-sentence or classify";
                case ENCODER_DECODER -> "an encoder-decoder; train it with sequence-to-sequence";
                case VISION -> "an image model; train it with classify";
            };
            throw new UsageException("objective: " + text + " does not fit model_type " + architecture + ", " + kind);
        }
    }
}
