package dev.cutaway.text.template;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Python's slices. */
final class Slices {
    private Slices() {}

    /** The indices that {@code [from:to:step]} picks from a sequence of this length. */
    static int[] indices(int length, @Nullable Long from, @Nullable Long to, @Nullable Long step) {
        long by = step == null ? 1 : step;
        if (by == 0) {
            throw new TemplateFailure("a slice's step cannot be zero");
        }
        boolean back = by < 0;
        long start = from == null ? (back ? length - 1 : 0) : clamp(from, length, back);
        long stop = to == null ? (back ? -1 : length) : clamp(to, length, back);
        long span = back ? start - stop : stop - start;
        long stride = back ? -Math.max(by, -Long.MAX_VALUE) : by;
        int count = span <= 0 ? 0 : (int) ((span - 1) / stride + 1);
        return IntStream.range(0, count).map(i -> (int) (start + i * by)).toArray();
    }

    private static long clamp(long index, int length, boolean back) {
        long i = index < 0 ? index + length : index;
        return Math.clamp(i, back ? -1L : 0L, back ? length - 1L : length);
    }
}
