package dev.cutaway.model.format;

import dev.cutaway.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/**
 * Another order of a matrix's rows (or a vector's elements): for each row of the result, the row of the source. Whole rows
 * are copied as they are, so quantised rows stay exactly what they were.
 */
record RowOrder(LongUnaryOperator source) {
    /**
     * From GGUF's order of rotated rows to Hugging Face's. A rotation turns two numbers of a head; GGUF keeps the two side by
     * side, Hugging Face keeps all first ones in the head's first half and all second ones in its second half.
     */
    static RowOrder pairsToHalves(long headSize) {
        return new RowOrder(row -> {
            long head = row / headSize;
            long half = row % headSize / (headSize / 2);
            long pair = row % (headSize / 2);
            return head * headSize + pair * 2 + half;
        });
    }

    /** The way back: from halves to pairs. */
    static RowOrder halvesToPairs(long headSize) {
        return new RowOrder(row -> {
            long head = row / headSize;
            long pair = row % headSize / 2;
            return head * headSize + row % 2 * (headSize / 2) + pair;
        });
    }

    /** From all of q, all of k, all of v to q, k and v of each head together. */
    static RowOrder headsTogether(long heads, long headSize) {
        return new RowOrder(row -> {
            long head = row / (3 * headSize);
            long part = row / headSize % 3;
            return (part * heads + head) * headSize + row % headSize;
        });
    }

    /** The way back: from q, k and v of each head together to all of q, all of k, all of v. */
    static RowOrder partsTogether(long heads, long headSize) {
        return new RowOrder(row -> {
            long part = row / (heads * headSize);
            long head = row / headSize % heads;
            return (head * 3 + part) * headSize + row % headSize;
        });
    }

    /** A copy with the rows in this order. */
    Tensor apply(Tensor from) {
        Tensor to = Tensor.zeros(from.dtype(), from.shape());
        long rows = from.rank() == 0 ? 1 : from.dim(0);
        long bytes = rows == 0 ? 0 : from.byteSize() / rows;
        for (long row = 0; row < rows; row++) {
            MemorySegment.copy(from.data(), source.applyAsLong(row) * bytes, to.data(), row * bytes, bytes);
        }
        return to;
    }

    /** Where an element lies in the source, both counted in row-major order. */
    long sourceElement(long[] shape, long element) {
        long inner = Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
        return source.applyAsLong(element / inner) * inner + element % inner;
    }
}
