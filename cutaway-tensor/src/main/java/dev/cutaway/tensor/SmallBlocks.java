package dev.cutaway.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Blocks of 32 codes with one scale: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. */
final class SmallBlocks {
    static final List<Small> ALL = List.of(
            new Small(DType.Q4_0, 4, false),
            new Small(DType.Q4_1, 4, true),
            new Small(DType.Q5_0, 5, false),
            new Small(DType.Q5_1, 5, true),
            new Small(DType.Q8_0, 8, false));

    private SmallBlocks() {}

    /**
     * A block: f16 scale; f16 minimum where codes start at 0; for 5 bits 32 fifth bits; then the codes, nibbles in the order
     * element i low, element i + 16 high.
     */
    static final class Small extends BlockCodec {
        private static final int N = 32;
        private final int bits;
        private final boolean minimum;
        private final int highAt;
        private final int codesAt;
        private final int centre;

        Small(DType dtype, int bits, boolean minimum) {
            super(dtype, N, minimum);
            this.bits = bits;
            this.minimum = minimum;
            highAt = minimum ? 4 : 2;
            codesAt = bits == 5 ? highAt + 4 : highAt;
            centre = minimum || bits == 8 ? 0 : 1 << (bits - 1);
        }

        @Override
        void codes(MemorySegment data, long at, int[] out) {
            if (bits == 8) {
                for (int i = 0; i < N; i++) {
                    out[i] = data.get(PlainCodecs.BYTE, at + codesAt + i);
                }
                return;
            }
            int high = bits == 5 ? data.get(PlainCodecs.INT, at + highAt) : 0;
            for (int i = 0; i < N / 2; i++) {
                int pair = octet(data, at + codesAt + i);
                out[i] = ((pair & 15) | ((high >>> i) & 1) << 4) - centre;
                out[i + N / 2] = ((pair >>> 4) | ((high >>> (i + N / 2)) & 1) << 4) - centre;
            }
        }

        @Override
        void scales(MemorySegment data, long at, float[] scales, float[] offsets) {
            scales[0] = half(data, at);
            offsets[0] = minimum ? half(data, at + 2) : 0;
        }

        @Override
        String parts(MemorySegment data, long at, int group) {
            return minimum ? "scale " + half(data, at) + ", minimum " + half(data, at + 2) : "scale " + half(data, at);
        }

        @Override
        void quantise(float[] in, int from, MemorySegment data, long at) {
            float base = 0;
            float scale;
            float extreme = extreme(in, from);
            if (minimum) {
                base = minimum(in, from);
                scale = (maximum(in, from) - base) / ((1 << bits) - 1);
                putHalf(data, at + 2, base);
            } else {
                scale = bits == 8 ? Math.abs(extreme) / 127 : extreme / -centre;
            }
            putHalf(data, at, scale);
            float inverse = scale != 0 ? 1 / scale : 0;
            if (bits == 8) {
                for (int i = 0; i < N; i++) {
                    putOctet(data, at + codesAt + i, roundAway(in[from + i] * inverse));
                }
                return;
            }
            pack(in, from, base, inverse, data, at);
        }

        private void pack(float[] in, int from, float base, float inverse, MemorySegment data, long at) {
            int top = (1 << bits) - 1;
            int high = 0;
            for (int i = 0; i < N / 2; i++) {
                int a = Math.min(top, (int) ((in[from + i] - base) * inverse + (centre + 0.5f)));
                int b = Math.min(top, (int) ((in[from + i + N / 2] - base) * inverse + (centre + 0.5f)));
                putOctet(data, at + codesAt + i, (a & 15) | (b & 15) << 4);
                high |= (a >>> 4) << i | (b >>> 4) << (i + N / 2);
            }
            if (bits == 5) {
                data.set(PlainCodecs.INT, at + highAt, high);
            }
        }

        /** The element of greatest magnitude, the first one on ties, with its sign. */
        private static float extreme(float[] in, int from) {
            float greatest = 0;
            float extreme = 0;
            for (int i = from; i < from + N; i++) {
                if (greatest < Math.abs(in[i])) {
                    greatest = Math.abs(in[i]);
                    extreme = in[i];
                }
            }
            return extreme;
        }

        private static float minimum(float[] in, int from) {
            float min = Float.MAX_VALUE;
            for (int i = from; i < from + N; i++) {
                min = in[i] < min ? in[i] : min;
            }
            return min;
        }

        private static float maximum(float[] in, int from) {
            float max = -Float.MAX_VALUE;
            for (int i = from; i < from + N; i++) {
                max = in[i] > max ? in[i] : max;
            }
            return max;
        }

        /** Rounds to nearest, ties away from zero, as C's roundf. */
        private static int roundAway(float v) {
            return (int) (v < 0 ? Math.ceil(v - 0.5) : Math.floor(v + 0.5));
        }
    }
}
