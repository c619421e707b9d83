package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutaway.tensor.DType;
import dev.cutaway.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * No kernel allocates once it is compiled, in a process of its own that runs them all by turns: whether C2 keeps vectors in
 * registers depends on what else a JVM has compiled.
 */
class AllocationTest {
    private static final int CALLS = 40;
    private static final long PATIENCE = 240_000_000_000L;
    private static final int ROWS = 8;
    private static final int COLUMNS = 256;

    @Test
    @Tag("slow") // minutes: it waits for the compiler, kernel by kernel
    void compiledKernelsAllocateNothing() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path built = Path.of(System.getProperty("basedir", "."), "target");
        Process process = new ProcessBuilder(List.of(
                        java,
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Dcutaway.kernels=" + System.getProperty("cutaway.kernels", "auto"),
                        "-cp",
                        built.resolve("classes") + File.pathSeparator + built.resolve("test-classes"),
                        Main.class.getName()))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    /** The forked process: exit code 1 and a list if something still allocates after a long time. */
    static final class Main {
        private final Map<String, Runnable> items = new LinkedHashMap<>();

        private final MethodHandle allocated = counter();

        private Main() {
            products();
            rows();
            attention();
        }

        public static void main(String[] args) throws Throwable {
            Main main = new Main();
            long end = System.nanoTime() + PATIENCE;
            Map<String, Long> bytes = main.measure();
            while (!bytes.isEmpty() && System.nanoTime() < end) {
                bytes = main.measure();
            }
            System.out.println(Kernels.explain() + "; bytes a call: " + bytes);
            System.exit(bytes.isEmpty() ? 0 : 1);
        }

        /** Bytes that this thread has allocated; looked up, because the module under test does not read jdk.management. */
        private static MethodHandle counter() {
            try {
                Object bean = Class.forName("java.lang.management.ManagementFactory")
                        .getMethod("getThreadMXBean")
                        .invoke(null);
                MethodType type = MethodType.methodType(long.class);
                return MethodHandles.publicLookup()
                        .findVirtual(
                                Class.forName("com.sun.management.ThreadMXBean"),
                                "getCurrentThreadAllocatedBytes",
                                type)
                        .bindTo(bean);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        private Map<String, Long> measure() throws Throwable {
            Map<String, Long> bytes = new TreeMap<>();
            for (Map.Entry<String, Runnable> item : items.entrySet()) {
                for (int i = 0; i < CALLS; i++) {
                    item.getValue().run();
                }
                long before = (long) allocated.invokeExact();
                for (int i = 0; i < CALLS; i++) {
                    item.getValue().run();
                }
                long size = (long) allocated.invokeExact() - before;
                if (size > 0) {
                    bytes.put(item.getKey(), size / CALLS);
                }
            }
            return bytes;
        }

        private void products() {
            EnumSet<Layout> seen = EnumSet.noneOf(Layout.class);
            for (DType format : DType.values()) {
                if (!seen.add(Layout.of(format))) {
                    continue;
                }
                PackedMatrix w = PackedMatrix.of(Tensor.zeros(format, 33, COLUMNS));
                MemorySegment x = Weights.segment(ROWS * COLUMNS, 1);
                MemorySegment y = Weights.segment(ROWS * 33, 1);
                MatrixKernels matrix = Kernels.get().matrix();
                MemorySegment scratch = Arena.ofAuto().allocate(4 * matrix.scratchFloats(w, ROWS), 64);
                for (int rows : new int[] {1, ROWS}) {
                    items.put(
                            format + " x " + rows,
                            () -> matrix.multiply(w, x, 0, COLUMNS, y, 0, 33, rows, 0, 2, rows > 1, 0, scratch, 0));
                }
            }
        }

        private void rows() {
            RowKernels rows = Kernels.get().rows();
            int n = 203;
            MemorySegment a = Weights.segment(n, 1);
            MemorySegment b = Weights.segment(n, 2);
            MemorySegment y = Weights.segment(n, 3);
            items.put("rmsNorm", () -> rows.rmsNorm(a, 0, n, b, 0, 0, 1e-5f, y, 0, n, 1, n));
            items.put("layerNorm", () -> rows.layerNorm(a, 0, n, b, 0, b, 0, 1e-5f, y, 0, n, 1, n));
            items.put("add", () -> rows.add(a, 0, b, 0, y, 0, n));
            items.put("multiply", () -> rows.multiply(a, 0, b, 0, y, 0, n));
            items.put("scale", () -> rows.scale(2, a, 0, y, 0, n));
            items.put("addScaled", () -> rows.addScaled(0.1f, a, 0, y, 0, n));
            items.put("exp", () -> rows.exp(a, 0, y, 0, n));
            items.put("softCap", () -> rows.softCap(2, a, 0, y, 0, n));
            items.put("softmax", () -> rows.softmax(a, 0, y, 0, n));
            items.put("logSumExp", () -> rows.logSumExp(a, 0, n));
            items.put("argMax", () -> rows.argMax(a, 0, n));
            items.put("dot", () -> rows.dot(a, 0, b, 0, n));
            items.put("rotate", () -> rows.rotate(b, 0, 3, 64, 32, a, 0, a, 32, false));
            for (Activation function : Activation.values()) {
                items.put(function + "", () -> rows.activate(function, a, 0, y, 0, n));
                items.put("gated " + function, () -> rows.activateGated(function, a, 0, b, 0, y, 0, n));
            }
        }

        private void attention() {
            AttentionKernels attention = Kernels.get().attention();
            AttentionShape shape = new AttentionShape(3, 36, 20, 0.1f, 10, 40, 0);
            int keys = 90;
            MemorySegment q = Weights.segment(ROWS * 108, 1);
            MemorySegment k = Weights.segment(Math.toIntExact(AttentionKernels.keyFloats(keys, 36)), 2);
            MemorySegment v = Weights.segment(keys * 20, 3);
            MemorySegment out = Weights.segment(ROWS * 60, 4);
            MemorySegment scratch = Arena.ofAuto().allocate(4 * attention.scratchFloats(shape, keys), 64);
            for (int rows : new int[] {1, ROWS}) {
                items.put(
                        "attention " + rows,
                        () -> attention.attend(
                                shape, q, 0, 108, k, 0, v, 0, 20, keys, keys - rows, rows, out, 0, 60, scratch, 0));
                items.put(
                        "attention with a bias " + rows,
                        () -> attention.attendBiased(
                                shape,
                                q,
                                0,
                                108,
                                k,
                                0,
                                v,
                                0,
                                20,
                                keys,
                                keys - rows,
                                rows,
                                out,
                                0,
                                60,
                                scratch,
                                0,
                                v,
                                0,
                                0,
                                0));
            }
        }
    }
}
