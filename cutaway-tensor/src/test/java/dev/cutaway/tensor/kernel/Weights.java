package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Random numbers for tests. */
final class Weights {
    private Weights() {}

    static Tensor random(DType dtype, int rows, int columns, long seed) {
        return Tensor.of(values(rows * columns, seed), rows, columns).to(dtype);
    }

    static float[] values(int n, long seed) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Memory of n floats from the standard normal distribution. */
    static MemorySegment segment(int n, long seed) {
        MemorySegment s = Arena.ofAuto().allocate(4L * n, 64);
        MemorySegment.copy(values(n, seed), 0, s, Floats.FLOAT, 0, n);
        return s;
    }

    /** The floats of a segment from {@code at} on. */
    static float[] floats(MemorySegment s, long at, int n) {
        float[] values = new float[n];
        MemorySegment.copy(s, Floats.FLOAT, 4 * at, values, 0, n);
        return values;
    }
}
