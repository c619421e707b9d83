package dev.cutaway.model.format;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Copies of a tensor in another layout. */
final class Layouts {
    private Layouts() {}

    /** A matrix with rows and columns exchanged; quantised ones are widened, because blocks run along rows. */
    static Tensor transpose(Tensor from) {
        Tensor plain = from.dtype().quantised() ? from.widen() : from;
        long rows = plain.dim(0);
        long columns = plain.dim(1);
        int bytes = plain.dtype().blockBytes();
        Tensor to = Tensor.zeros(plain.dtype(), columns, rows);
        for (long r = 0; r < rows; r++) {
            for (long c = 0; c < columns; c++) {
                MemorySegment.copy(plain.data(), (r * columns + c) * bytes, to.data(), (c * rows + r) * bytes, bytes);
            }
        }
        return to;
    }

    /** An f32 copy with a number added to every element. */
    static Tensor plus(Tensor from, float number) {
        Tensor to = Tensor.zeros(DType.F32, from.shape());
        for (long i = 0; i < from.size(); i++) {
            to.set(i, from.get(i) + number);
        }
        return to;
    }
}
