package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class AttentionTest {
    private static final int ALL = AttentionShape.ALL;

    /** A case: keys, rows, and everything that attention reads. */
    private record Case(AttentionShape shape, int keys, int position, int rows, boolean biased, long seed) {
        int queryStride() {
            return shape.heads() * shape.headSize() + 3;
        }

        int outStride() {
            return shape.heads() * shape.valueSize() + 2;
        }

        float[] run(AttentionKernels kernels, int fromRow, int count) {
            int vStride = shape.valueSize() + 1;
            MemorySegment q = Weights.segment(1 + rows * queryStride(), seed);
            MemorySegment v = values(vStride);
            MemorySegment bias = Weights.segment(shape.heads() * rows * keys, seed + 3);
            MemorySegment out = Weights.segment(1 + rows * outStride(), seed + 4);
            MemorySegment scratch = Arena.ofAuto().allocate(4 * kernels.scratchFloats(shape, keys) + 64, 64);
            int p = position + fromRow;
            long qAt = 1 + (long) fromRow * queryStride();
            long outAt = 1 + (long) fromRow * outStride();
            if (biased) {
                kernels.attendBiased(
                        shape,
                        q,
                        qAt,
                        queryStride(),
                        keyPanels(),
                        0,
                        v,
                        0,
                        vStride,
                        keys,
                        p,
                        count,
                        out,
                        outAt,
                        outStride(),
                        scratch,
                        0,
                        bias,
                        (long) fromRow * keys,
                        (long) rows * keys,
                        keys);
            } else {
                kernels.attend(
                        shape,
                        q,
                        qAt,
                        queryStride(),
                        keyPanels(),
                        0,
                        v,
                        0,
                        vStride,
                        keys,
                        p,
                        count,
                        out,
                        outAt,
                        outStride(),
                        scratch,
                        0);
            }
            return Weights.floats(out, 0, 1 + rows * outStride());
        }

        /** Values as they are kept: rounded, if they are halves. */
        MemorySegment values(int stride) {
            MemorySegment v = Weights.segment(keys * stride, seed + 2);
            if (!shape.halves()) {
                return v;
            }
            MemorySegment kept = Arena.ofAuto().allocate(2L * keys * stride, 64);
            for (int i = 0; i < keys; i++) {
                AttentionKernels.storeValue(
                        v, (long) i * stride, kept, (long) i * stride, shape.valueSize(), shape.halves());
            }
            return kept;
        }

        MemorySegment keyPanels() {
            MemorySegment k = Weights.segment(keys * shape.headSize(), seed + 1);
            long bytes = shape.keptBytes() * AttentionKernels.keyFloats(keys, shape.headSize());
            MemorySegment panels = Arena.ofAuto().allocate(bytes, 64);
            for (int i = 0; i < keys; i++) {
                AttentionKernels.storeKey(
                        k, (long) i * shape.headSize(), panels, 0, i, shape.headSize(), shape.halves());
            }
            return panels;
        }
    }

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                new Case(AttentionShape.causal(1, 1), 1, 0, 1, false, 1),
                new Case(AttentionShape.causal(3, 64), 1, 0, 1, false, 2),
                new Case(AttentionShape.causal(3, 64), 17, 16, 1, false, 3),
                new Case(AttentionShape.causal(3, 64), 100, 0, 100, false, 4),
                new Case(AttentionShape.causal(1, 37), 33, 20, 13, false, 5),
                new Case(AttentionShape.causal(7, 24), 65, 60, 5, false, 6),
                new Case(AttentionShape.full(2, 32), 48, 0, 48, false, 7),
                new Case(AttentionShape.full(2, 32), 31, 0, 9, true, 8),
                new Case(new AttentionShape(4, 16, 12, 0.3f, 5, 7, 0), 64, 30, 34, false, 9),
                new Case(new AttentionShape(4, 9, 5, 1, 0, 3, 2), 50, 0, 50, true, 10),
                new Case(new AttentionShape(2, 80, 80, 0.1f, 30, ALL, 0), 130, 127, 3, true, 11),
                new Case(new AttentionShape(1, 64, 64, 0.1f, 0, 15, 0), 200, 0, 200, false, 12),
                new Case(new AttentionShape(2, 20, 48, 0.2f, 0, 70, 0), 300, 100, 200, false, 13),
                new Case(new AttentionShape(2, 20, 112, 0.2f, 0, 70, 5), 300, 200, 7, true, 14),
                new Case(AttentionShape.full(3, 64), 257, 0, 20, false, 15),
                new Case(AttentionShape.causal(8, 128), 190, 126, 4, false, 16)));
        for (Case c : List.copyOf(cases)) {
            cases.add(new Case(c.shape.withHalves(true), c.keys, c.position, c.rows, c.biased, c.seed));
        }
        return cases;
    }

    @Test
    void equalsTheReferenceWithinRounding() {
        for (Case c : cases()) {
            float[] want = c.run(Kernels.scalar().attention(), 0, c.rows());
            float[] have = c.run(Kernels.get().attention(), 0, c.rows());
            for (int i = 0; i < want.length; i++) {
                assertThat((double) have[i]).as("%s, float %d", c, i).isCloseTo(want[i], Offset.offset(3e-6));
            }
        }
    }

    @Test
    void aRowDoesNotDependOnItsCompany() {
        for (Case c : cases()) {
            float[] together = c.run(Kernels.get().attention(), 0, c.rows());
            for (int row = 0; row < c.rows(); row++) {
                float[] alone = c.run(Kernels.get().attention(), row, 1);
                for (int i = 0; i < c.shape().heads() * c.shape().valueSize(); i++) {
                    int at = 1 + row * c.outStride() + i;
                    assertThat(alone[at]).as("%s, row %d, float %d", c, row, i).isEqualTo(together[at]);
                }
            }
        }
    }

    @Test
    void aLaterKeyChangesNothing() {
        Case few = new Case(AttentionShape.causal(2, 16), 40, 3, 30, false, 4);
        Case many = new Case(AttentionShape.causal(2, 16), 80, 3, 30, false, 4);
        MemorySegment kFew = few.keyPanels();
        MemorySegment kMany = many.keyPanels();
        assertThat(Weights.floats(kMany, 0, 512)).isEqualTo(Weights.floats(kFew, 0, 512));
        assertThat(many.run(Kernels.get().attention(), 0, 30))
                .isEqualTo(few.run(Kernels.get().attention(), 0, 30));
    }

    @Test
    void keysComeBack() {
        MemorySegment k = Weights.segment(35 * 7, 1);
        MemorySegment back = Arena.ofAuto().allocate(4 * 7, 64);
        for (boolean halves : new boolean[] {false, true}) {
            MemorySegment panels = Arena.ofAuto().allocate(4 * AttentionKernels.keyFloats(35, 7), 64);
            MemorySegment values = Arena.ofAuto().allocate(4 * 35 * 7, 64);
            for (int i = 0; i < 35; i++) {
                AttentionKernels.storeKey(k, i * 7L, panels, 0, i, 7, halves);
                AttentionKernels.storeValue(k, i * 7L, values, i * 7L, 7, halves);
            }
            for (int i = 0; i < 35; i++) {
                float[] want = Weights.floats(k, i * 7, 7);
                for (int d = 0; halves && d < 7; d++) {
                    want[d] = Float.float16ToFloat(Float.floatToFloat16(want[d]));
                }
                AttentionKernels.loadKey(panels, 0, i, 7, halves, back, 0);
                assertThat(Weights.floats(back, 0, 7)).isEqualTo(want);
                AttentionKernels.loadValue(values, i * 7L, 7, halves, back, 0);
                assertThat(Weights.floats(back, 0, 7)).isEqualTo(want);
            }
        }
    }

    @Test
    void partsMakeTheSameResultInAnyOrder() {
        AttentionKernels kernels = Kernels.get().attention();
        assumeThat(kernels.keyBlocks()).as("computes in parts").isPresent();
        KeyBlocks inParts = kernels.keyBlocks().orElseThrow();
        for (Case c : cases()) {
            AttentionShape shape = c.shape();
            if (c.biased() || shape.valueSize() % 16 != 0) {
                continue;
            }
            int stride = shape.valueSize() + 1;
            int row = c.rows() - 1;
            int position = c.position() + row;
            int blocks = inParts.blocks(shape, c.keys(), position);
            MemorySegment q = Weights.segment(1 + c.rows() * c.queryStride(), c.seed());
            MemorySegment parts = Arena.ofAuto().allocate(4 * inParts.partFloats(shape, blocks), 64);
            MemorySegment out = Arena.ofAuto().allocate(4L * shape.heads() * shape.valueSize(), 64);
            MemorySegment scratch = Arena.ofAuto().allocate(4 * kernels.scratchFloats(shape, c.keys()), 64);
            for (int at = blocks; at > 0; ) {
                int from = Math.max(0, at - 2);
                inParts.part(
                        shape,
                        q,
                        1 + (long) row * c.queryStride(),
                        c.keyPanels(),
                        0,
                        c.values(stride),
                        0,
                        stride,
                        c.keys(),
                        position,
                        from,
                        at,
                        parts,
                        0,
                        scratch,
                        0);
                at = from;
            }
            inParts.merge(shape, c.keys(), position, parts, 0, out, 0);
            float[] whole = c.run(kernels, row, 1);
            int n = shape.heads() * shape.valueSize();
            float[] want = Arrays.copyOfRange(whole, 1 + row * c.outStride(), 1 + row * c.outStride() + n);
            assertThat(Weights.floats(out, 0, n)).as("%s", c).isEqualTo(want);
        }
    }
}
