package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutaway.tensor.machine.Cpu;
import dev.cutaway.tensor.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All kinds of update kernels against the plain ones, bit by bit. Their values are held to PyTorch's in cutaway-train. */
class UpdatesTest {
    private static final UpdateKernels PLAIN = new ScalarUpdates();
    private static final UpdateKernels.Adam ADAM =
            new UpdateKernels.Adam(0.7f, 0.99f, 0.9f, 0.1f, 0.999f, 0.001f, 0.01f, 1.5f, 1e-8f);
    private static final UpdateKernels.Lion LION = new UpdateKernels.Lion(0.7f, 0.99f, 0.01f, 0.9f, 0.1f, 0.99f, 0.01f);

    private static List<UpdateKernels> kinds() {
        List<UpdateKernels> all = new ArrayList<>(List.of(Kernels.get().updates()));
        if (MachineCode.obstacle().isEmpty() && Cpu.read().avx2()) {
            all.add(new MachineUpdates());
        }
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && Processor.vectorBits() >= 128) {
            all.add(new VectorUpdates());
        }
        return all;
    }

    /** A weight, its gradient (some of it zero) and two states, the second not negative. */
    private static MemorySegment[] segments(int n) {
        MemorySegment[] s = new MemorySegment[4];
        for (int i = 0; i < s.length; i++) {
            s[i] = Weights.segment(n, 31L * n + i);
        }
        for (int i = 0; i < n; i++) {
            Floats.set(s[3], i, Math.abs(Floats.get(s[3], i)));
            if (i % 5 == 2) {
                Floats.set(s[1], i, i % 2 == 0 ? 0f : -0f);
                Floats.set(s[2], i, 0);
            }
        }
        return s;
    }

    private interface Update {
        void run(UpdateKernels kernels, MemorySegment[] s, long from, long to);
    }

    private static void same(int n, Update u) {
        MemorySegment[] expected = segments(n + 4);
        u.run(PLAIN, expected, 1, n + 1L);
        for (UpdateKernels k : kinds()) {
            MemorySegment[] whole = segments(n + 4);
            u.run(k, whole, 1, n + 1L);
            MemorySegment[] pieces = segments(n + 4);
            long middle = 1L + n / 3;
            u.run(k, pieces, middle, n + 1L);
            u.run(k, pieces, 1, middle);
            for (int i = 0; i < 4; i++) {
                float[] want = Weights.floats(expected[i], 0, n + 4);
                assertThat(Weights.floats(whole[i], 0, n + 4)).as("%s", k).isEqualTo(want);
                assertThat(Weights.floats(pieces[i], 0, n + 4))
                        .as("%s in pieces", k)
                        .isEqualTo(want);
            }
        }
        assertThat(Weights.floats(expected[0], 1, n)).isNotEqualTo(Weights.floats(segments(n + 4)[0], 1, n));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 15, 16, 33, 64, 257, 1003})
    void allKindsEqualThePlainOne(int n) {
        same(n, (k, s, from, to) -> k.adamW(s[0], s[1], s[2], s[3], from, to, ADAM));
        same(n, (k, s, from, to) -> k.descend(s[0], s[1], from, to, 0.7f, 0.99f, 0.1f));
        same(n, (k, s, from, to) -> k.momentum(s[0], s[1], s[2], from, to, 0.7f, 0.99f, 0.1f, 0.9f));
        same(n, (k, s, from, to) -> k.lion(s[0], s[1], s[2], from, to, LION));
        same(n, (k, s, from, to) -> k.average(s[0], s[1], from, to, 0.1f));
        MemorySegment x = Weights.segment(n + 3, 5);
        double exact = 0;
        for (int i = 2; i < n + 2; i++) {
            exact += (double) Floats.get(x, i) * Floats.get(x, i);
        }
        double plain = PLAIN.squares(x, 2, n + 2L);
        assertThat(plain).isCloseTo(exact, Offset.offset(1e-12 * exact));
        for (UpdateKernels k : kinds()) {
            assertThat(k.squares(x, 2, n + 2L)).isEqualTo(plain);
        }
    }

    @Test
    void memoryOnTheHeapIsUpdatedToo() {
        float[] x = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        MemorySegment w = MemorySegment.ofArray(x);
        for (UpdateKernels k : kinds()) {
            float before = x[8];
            k.descend(w, MemorySegment.ofArray(new float[] {1, 1, 1, 1, 1, 1, 1, 1, 1}), 0, 9, 1, 1, 1);
            assertThat(x[8]).isEqualTo(before - 1);
        }
    }

    @Test
    void nothingBehindTheEndIsTouched() {
        for (UpdateKernels k : kinds()) {
            MemorySegment[] s = segments(32);
            assertThatThrownBy(() -> k.adamW(s[0], s[1], s[2], s[3].asSlice(0, 64), 0, 32, ADAM))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> k.squares(s[0], 8, 40)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
