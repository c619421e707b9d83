package dev.cutaway.train.data;

import dev.cutaway.tensor.Tensor;
import dev.cutaway.train.Example;
import dev.cutaway.train.Objective;

/** What a classifier should say of a whole example: a class, or a number. */
sealed interface Answer {
    /** The example with this answer in place of its labels. */
    Example on(Example e);

    /** A class, or {@link Objective#NOT_COUNTED}. */
    record Chosen(int number) implements Answer {
        @Override
        public Example on(Example e) {
            return e.with(Objective.LABELS, number);
        }
    }

    /** Numbers to be predicted. */
    record Numbers(float... values) implements Answer {
        @Override
        public Example on(Example e) {
            return e.withTarget(values);
        }
    }

    /** The answer of a prepared example, checked. */
    static Answer of(Prepared file, long example) {
        boolean regression = file.context().regression();
        int each = regression ? file.context().classes() : 1;
        if (file.width(Objective.LABELS) != each) {
            throw file.bad(
                    Objective.LABELS,
                    "holds " + file.width(Objective.LABELS) + " for each example; there must be " + each);
        }
        if (!regression) {
            return new Chosen(
                    file.within(Objective.LABELS, example, file.context().classes(), true, "the model's classes")[0]);
        }
        float[] x = new float[each];
        Tensor t = file.numbers(Objective.LABELS, example);
        for (int i = 0; i < each; i++) {
            x[i] = t.get(i);
            if (!Float.isFinite(x[i])) {
                throw file.bad(Objective.LABELS, example, i, "is " + x[i] + "; it must be a finite number");
            }
        }
        return new Numbers(x);
    }
}
