package dev.cutaway.tensor.kernel;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Runs kernels on the smallest inputs until the JVM has compiled them. Vector code that is not compiled yet is a thousand
 * times slower, and a JVM counts calls and turns of loops, not work: many calls of little work get there soonest. Kernels
 * take turns, so that the compiler has something to do early; one that has become many times faster is done.
 */
final class Warming {
    /** Calls after which C2 has been asked for every loop (its thresholds are 600 calls and 15,000 calls and turns). */
    private static final int CALLS = 3000;

    private static final int TURN = 50;
    private static final long TURN_NANOS = 4_000_000;
    private static final int GAIN = 100;
    private static final int HEAD = 32;

    private final Kernels kernels = Kernels.get();
    private final MemorySegment a = Arena.ofAuto().allocate(1 << 16, 64);
    private final MemorySegment b = Arena.ofAuto().allocate(1 << 16, 64);
    private final List<Item> items = new ArrayList<>();

    Warming(Collection<DType> formats) {
        EnumSet<Layout> seen = EnumSet.noneOf(Layout.class);
        for (DType format : formats) {
            if (seen.add(Layout.of(format))) {
                products(format);
            }
        }
        rows();
        attention();
    }

    /** All items in turns, for so long at most. */
    void run(long nanos) {
        long end = System.nanoTime() + nanos;
        while (!items.isEmpty() && System.nanoTime() < end) {
            items.removeIf(Item::turn);
        }
    }

    private void add(Runnable work) {
        items.add(new Item(work));
    }

    /** One kernel on one input. */
    private static final class Item {
        private final Runnable work;
        private int calls;
        private long slowest;

        Item(Runnable work) {
            this.work = work;
        }

        /** Some calls; whether that was enough. */
        boolean turn() {
            long start = System.nanoTime();
            long now = start;
            for (int i = 0; i < TURN && now - start < TURN_NANOS; i++) {
                work.run();
                long last = now;
                now = System.nanoTime();
                calls++;
                slowest = Math.max(slowest, now - last);
                if ((now - last) * GAIN < slowest && calls > TURN) {
                    return true;
                }
            }
            return calls > CALLS;
        }
    }

    private void products(DType format) {
        int columns = Math.max(Layout.BLOCK, format.blockSize());
        Tensor zeros = Tensor.zeros(format, 2L * Layout.PANEL, columns);
        PackedMatrix plain = PackedMatrix.of(zeros);
        PackedMatrix biased = PackedMatrix.of(zeros, Optional.of(Tensor.zeros(2L * Layout.PANEL)), Arena.ofAuto());
        MatrixKernels matrix = kernels.matrix();
        MemorySegment scratch = Arena.ofAuto().allocate(4 * matrix.scratchFloats(plain, 3), 64);
        for (int rows : new int[] {3, 1}) { // a tile of three; six come with attention
            add(() -> matrix.multiply(plain, a, 0, columns, b, 0, 64, rows, 0, 1, false, scratch, 0));
            add(() -> matrix.multiply(biased, a, 0, columns, b, 0, 64, rows, 0, 1, true, scratch, 0));
        }
    }

    private void rows() {
        RowKernels rows = kernels.rows();
        add(() -> rows.rmsNorm(a, 0, 64, a, 0, 0, 1e-5f, b, 0, 64, 1, 64));
        add(() -> rows.layerNorm(a, 0, 64, a, 0, a, 0, 1e-5f, b, 0, 64, 1, 64));
        add(() -> rows.add(a, 0, a, 64, b, 0, 64));
        add(() -> rows.activateGated(Activation.SILU, a, 0, a, 64, b, 0, 64));
        add(() -> rows.activate(Activation.GELU_TANH, a, 0, b, 0, 64));
        add(() -> rows.rotate(b, 0, 2, HEAD, HEAD / 2, a, 0, a, HEAD, false));
        add(() -> rows.argMax(a, 0, 64));
    }

    private void attention() {
        AttentionKernels attention = kernels.attention();
        AttentionShape shape = AttentionShape.causal(2, HEAD);
        MemorySegment scratch = Arena.ofAuto().allocate(4 * attention.scratchFloats(shape, 64), 64);
        int stride = 2 * HEAD;
        add(() -> attention.attend(shape, a, 0, stride, a, 0, a, 0, HEAD, 20, 19, 1, b, 0, stride, scratch, 0));
        add(() -> attention.attend(shape, a, 0, stride, a, 0, a, 0, HEAD, 20, 13, 7, b, 0, stride, scratch, 0));
    }
}
