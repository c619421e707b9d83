package dev.cutaway.model.format;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;

/** Copies of a tensor in another layout. */
final class Layouts {
    private Layouts() {}

    /** An f32 copy with a number added to every element. */
    static Tensor plus(Tensor from, float number) {
        Tensor to = Tensor.zeros(DType.F32, from.shape());
        for (long i = 0; i < from.size(); i++) {
            to.set(i, from.get(i) + number);
        }
        return to;
    }
}
