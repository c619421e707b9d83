package dev.cutaway.benchmarks;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One product on one thread, weights of 1536 x 384 (in the cache): microseconds a call. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class ProductBenchmark {
    private static final int ROWS = 1536;
    private static final int COLUMNS = 384;

    @Param({"F32", "BF16", "Q8_0", "Q4_0"})
    private DType format = DType.F32;

    @Param({"1", "6", "192"})
    private int rows = 1;

    private PackedMatrix w = PackedMatrix.of(Tensor.zeros(1, 32));
    private MemorySegment x = MemorySegment.NULL;
    private MemorySegment y = MemorySegment.NULL;
    private MemorySegment scratch = MemorySegment.NULL;

    /** Random weights and rows. */
    @Setup
    public void numbers() {
        Random random = new Random(1);
        float[] weights = new float[ROWS * COLUMNS];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian();
        }
        w = PackedMatrix.of(Tensor.of(weights, ROWS, COLUMNS).to(format));
        x = Arena.ofAuto().allocate(4L * rows * COLUMNS, 64);
        y = Arena.ofAuto().allocate(4L * rows * ROWS, 64);
        scratch = Arena.ofAuto().allocate(4 * Kernels.get().matrix().scratchFloats(w, rows), 64);
    }

    /** All outputs of all rows. */
    @Benchmark
    public MemorySegment product() {
        Kernels.get().matrix().multiply(w, x, 0, COLUMNS, y, 0, ROWS, rows, 0, w.panels(), false, 0, scratch, 0);
        return y;
    }
}
