package dev.cutaway.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
            MemorySegment v = Weights.segment(keys * vStride, seed + 2);
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

        MemorySegment keyPanels() {
            MemorySegment k = Weights.segment(keys * shape.headSize(), seed + 1);
            MemorySegment panels = Arena.ofAuto().allocate(4 * AttentionKernels.keyFloats(keys, shape.headSize()), 64);
            for (int i = 0; i < keys; i++) {
                AttentionKernels.storeKey(k, (long) i * shape.headSize(), panels, 0, i, shape.headSize());
            }
            return panels;
        }
    }

    private static Case[] cases() {
        return new Case[] {
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
        };
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
        MemorySegment panels = Arena.ofAuto().allocate(4 * AttentionKernels.keyFloats(35, 7), 64);
        MemorySegment back = Arena.ofAuto().allocate(4 * 7, 64);
        for (int i = 0; i < 35; i++) {
            AttentionKernels.storeKey(k, i * 7L, panels, 0, i, 7);
        }
        for (int i = 0; i < 35; i++) {
            AttentionKernels.loadKey(panels, 0, i, 7, back, 0);
            assertThat(Weights.floats(back, 0, 7)).isEqualTo(Weights.floats(k, i * 7, 7));
        }
    }
}
