package dev.cutaway.benchmarks;

import dev.cutaway.graph.run.Pool;
import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.kernel.Activation;
import dev.cutaway.tensor.kernel.AttentionKernels;
import dev.cutaway.tensor.kernel.AttentionShape;
import dev.cutaway.tensor.kernel.Kernels;
import dev.cutaway.tensor.kernel.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * Matrix products, attention and row functions as shares of the memory bandwidth and the multiply-add rate that the same
 * threads reached in the same run. Arguments: the numbers of threads, by default 1 and 2.
 */
public final class KernelReport {
    private static final DType[] FORMATS = {
        DType.F32,
        DType.F16,
        DType.BF16,
        DType.Q8_0,
        DType.Q4_0,
        DType.Q4_1,
        DType.Q5_0,
        DType.Q5_1,
        DType.Q4_K,
        DType.Q5_K,
        DType.Q6_K
    };
    private static final int COLUMNS = 2048;
    private static final long MATRIX_BYTES = 96L << 20;
    private static final int PROMPT = 512;

    private KernelReport() {}

    /** Prints the report. */
    public static void main(String[] args) {
        System.out.println("kernels: " + Kernels.explain());
        int[] threads = args.length == 0 ? new int[] {1, 2} : new int[args.length];
        for (int i = 0; i < args.length; i++) {
            threads[i] = Integer.parseInt(args[i]);
        }
        for (int n : threads) {
            try (Pool pool = new Pool(n)) {
                report(pool);
            }
        }
    }

    private static void report(Pool pool) {
        Machine machine = new Machine(pool.threads());
        machine.readBandwidth(pool);
        machine.fmaRate(pool);
        System.out.printf("%n%d thread(s)%n%-28s %9s %9s %7s%n", pool.threads(), "", "", "limit", "share");
        for (DType format : FORMATS) {
            vector(pool, machine, format);
        }
        for (DType format : FORMATS) {
            prompt(pool, machine, format);
        }
        attention(pool, machine);
        rows(pool);
    }

    private static void line(String what, double value, double limit, String unit) {
        System.out.printf("%-28s %9.1f %9.1f %6.0f%%  %s%n", what, value, limit, 100 * value / limit, unit);
    }

    private static MemorySegment floats(int n) {
        MemorySegment s = Arena.ofAuto().allocate(4L * n, 64);
        Random random = new Random(1);
        for (int i = 0; i < n; i++) {
            s.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return s;
    }

    /** A matrix of about so many bytes: a few random rows again and again. */
    private static PackedMatrix matrix(DType format, long bytes) {
        Tensor some = Tensor.of(floats(64 * COLUMNS).toArray(ValueLayout.JAVA_FLOAT), 64, COLUMNS)
                .to(format);
        long copies = Math.max(1, bytes / some.byteSize());
        Tensor all = Tensor.zeros(format, 64 * copies, COLUMNS);
        for (long i = 0; i < copies; i++) {
            MemorySegment.copy(some.data(), 0, all.data(), i * some.byteSize(), some.byteSize());
        }
        return PackedMatrix.of(all);
    }

    private static void vector(Pool pool, Machine machine, DType format) {
        PackedMatrix w = matrix(format, MATRIX_BYTES);
        double nanos = Timing.best(pool, product(pool, w, 1));
        line("matrix x vector " + format, w.byteSize() / nanos, machine.readBandwidth(pool), "GB/s");
        PackedMatrix small = matrix(format, 200_000);
        double cached = Timing.best(pool, repeated(product(pool, small, 1), 50));
        System.out.printf("%-28s %9.1f weights/ns from the cache%n", "", 50.0 * small.rows() * COLUMNS / cached);
    }

    private static void prompt(Pool pool, Machine machine, DType format) {
        PackedMatrix w = matrix(format, 1024 * format.bytes(COLUMNS));
        double nanos = Timing.best(pool, product(pool, w, PROMPT));
        line(
                "matrix x " + PROMPT + " rows " + format,
                2.0 * w.rows() * COLUMNS * PROMPT / nanos,
                machine.fmaRate(pool),
                "GFLOP/s");
    }

    private static Timing.Step repeated(Timing.Step once, int times) {
        return new Timing.Step(once.count(), (chunk, worker) -> {
            for (int i = 0; i < times; i++) {
                once.work().run(chunk, worker);
            }
        });
    }

    private static Timing.Step product(Pool pool, PackedMatrix w, int rows) {
        MemorySegment x = floats(rows * COLUMNS);
        MemorySegment y = Arena.ofAuto().allocate(4L * rows * w.rows(), 64);
        long scratchFloats = Kernels.get().matrix().scratchFloats(w, rows);
        MemorySegment scratch = Arena.ofAuto().allocate(4 * scratchFloats * pool.threads(), 64);
        int chunks = Math.min(w.panels(), 8 * pool.threads());
        return new Timing.Step(chunks, (chunk, worker) -> {
            int from = (int) ((long) w.panels() * chunk / chunks);
            int to = (int) ((long) w.panels() * (chunk + 1) / chunks);
            Kernels.get()
                    .matrix()
                    .multiply(
                            w,
                            x,
                            0,
                            COLUMNS,
                            y,
                            0,
                            w.rows(),
                            rows,
                            from,
                            to,
                            false,
                            0,
                            scratch,
                            worker * scratchFloats);
        });
    }

    /** SmolLM2-135M's sizes: 3 key heads, 9 heads of 64. */
    private static void attention(Pool pool, Machine machine) {
        int groups = 3;
        AttentionShape shape = AttentionShape.causal(3, 64);
        for (int keys : new int[] {512, 4096}) {
            MemorySegment k = floats(Math.toIntExact(groups * AttentionKernels.keyFloats(keys, 64)));
            MemorySegment v = floats(groups * keys * 64);
            for (int rows : new int[] {1, 512}) {
                int size = groups * 3 * 64;
                MemorySegment q = floats(rows * size);
                MemorySegment out = floats(rows * size);
                long need = Kernels.get().attention().scratchFloats(shape, keys);
                MemorySegment scratch = Arena.ofAuto().allocate(4 * need * pool.threads(), 64);
                int blocks = Math.max(1, rows / 64);
                int perBlock = rows / blocks;
                Timing.Step step = new Timing.Step(groups * blocks, (chunk, worker) -> {
                    int g = chunk % groups;
                    int row = chunk / groups * perBlock;
                    Kernels.get()
                            .attention()
                            .attend(
                                    shape,
                                    q,
                                    (long) row * size + g * 192L,
                                    size,
                                    k,
                                    g * (long) keys * 64,
                                    v,
                                    g * (long) keys * 64,
                                    64,
                                    keys,
                                    keys - rows + row,
                                    perBlock,
                                    out,
                                    (long) row * size + g * 192L,
                                    size,
                                    scratch,
                                    worker * need);
                });
                double flops = 4.0 * 64 * groups * 3 * rows * (keys - (rows - 1) / 2.0);
                double nanos = Timing.best(pool, step);
                line("attention " + rows + " x " + keys + " keys", flops / nanos, machine.fmaRate(pool), "GFLOP/s");
            }
        }
    }

    private static void rows(Pool pool) {
        int n = 1536;
        MemorySegment x = floats(n);
        MemorySegment y = floats(n);
        var kernels = Kernels.get().rows();
        each(pool, "rmsNorm", n, () -> kernels.rmsNorm(x, 0, n, y, 0, 0, 1e-5f, y, 0, n, 1, n));
        each(pool, "layerNorm", n, () -> kernels.layerNorm(x, 0, n, y, 0, y, 0, 1e-5f, y, 0, n, 1, n));
        each(pool, "add", n, () -> kernels.add(x, 0, x, 0, y, 0, n));
        each(pool, "softmax", n, () -> kernels.softmax(x, 0, y, 0, n));
        for (Activation a : Activation.values()) {
            each(pool, a.name(), n, () -> kernels.activate(a, x, 0, y, 0, n));
        }
        each(pool, "gated SILU", n, () -> kernels.activateGated(Activation.SILU, x, 0, x, 0, y, 0, n));
        each(pool, "rotate", n, () -> kernels.rotate(y, 0, n / 64, 64, 32, x, 0, x, 32, false));
        each(pool, "rotate interleaved", n, () -> kernels.rotate(y, 0, n / 64, 64, 32, x, 0, x, 32, true));
        each(pool, "argMax", n, () -> kernels.argMax(x, 0, n));
    }

    private static void each(Pool pool, String what, int n, Runnable work) {
        if (pool.threads() > 1) {
            return;
        }
        double nanos = Timing.best(pool, new Timing.Step(1, (chunk, worker) -> {
            for (int i = 0; i < 100; i++) {
                work.run();
            }
        }));
        System.out.printf("%-28s %9.3f ns per element%n", what, nanos / (100.0 * n));
    }
}
