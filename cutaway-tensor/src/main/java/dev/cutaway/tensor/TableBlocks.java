package dev.cutaway.tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Blocks of 32 nibbles that index a table of uneven levels: IQ4_NL and MXFP4. */
final class TableBlocks {
    private static final int[] NONLINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    /** The sixteen E2M1 floats, doubled to be whole; the scale is halved in return. */
    private static final int[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    static final List<Table> ALL = List.of(new Table(DType.IQ4_NL, NONLINEAR, 2), new Table(DType.MXFP4, E2M1, 1));

    private TableBlocks() {}

    /** A block: scale (f16, or for MXFP4 an exponent of two), then nibbles, element i low, element i + 16 high. */
    static final class Table extends BlockCodec {
        private static final int N = 32;
        private final int[] levels;
        private final int codesAt;

        Table(DType dtype, int[] levels, int codesAt) {
            super(dtype, N, false);
            this.levels = levels;
            this.codesAt = codesAt;
        }

        @Override
        void codes(MemorySegment data, long at, int[] out) {
            for (int i = 0; i < N / 2; i++) {
                int pair = octet(data, at + codesAt + i);
                out[i] = levels[pair & 15];
                out[i + N / 2] = levels[pair >>> 4];
            }
        }

        private float scale(MemorySegment data, long at) {
            return dtype() == DType.IQ4_NL ? half(data, at) : halfPowerOfTwo(octet(data, at));
        }

        /** {@code 2^(e - 128)}: an E8M0 exponent with the table's doubling taken out. */
        private static float halfPowerOfTwo(int exponent) {
            return Float.intBitsToFloat(exponent < 2 ? 0x200000 << exponent : (exponent - 1) << 23);
        }

        @Override
        void scales(MemorySegment data, long at, float[] scales, float[] offsets) {
            scales[0] = scale(data, at);
        }

        @Override
        String parts(MemorySegment data, long at, int group) {
            return "scale " + scale(data, at) + ", code from the table of 16 levels";
        }

        @Override
        void quantise(float[] in, int from, MemorySegment data, long at) {
            float greatest = 0;
            for (int i = from; i < from + N; i++) {
                greatest = Math.max(greatest, Math.abs(in[i]));
            }
            float scale;
            if (dtype() == DType.IQ4_NL) {
                scale = fitted(in, from);
                putHalf(data, at, scale);
            } else {
                int exponent = greatest > 0 ? Math.clamp(Math.getExponent(greatest) - 2 + 127, 0, 254) : 0;
                putOctet(data, at, exponent);
                scale = halfPowerOfTwo(exponent);
            }
            boolean floats = dtype() == DType.MXFP4;
            float inverse = scale != 0 ? 1 / scale : 0;
            for (int i = 0; i < N / 2; i++) {
                float a = in[from + i];
                float b = in[from + i + N / 2];
                int low = floats ? nearest(a, scale) : nearest(inverse * a);
                int high = floats ? nearest(b, scale) : nearest(inverse * b);
                putOctet(data, at + codesAt + i, low | high << 4);
            }
        }

        /** Index of the level nearest to value / scale, for MXFP4; the first on ties. */
        private int nearest(float value, float scale) {
            int best = 0;
            for (int i = 1; i < levels.length; i++) {
                if (Math.abs(levels[i] * scale - value) < Math.abs(levels[best] * scale - value)) {
                    best = i;
                }
            }
            return best;
        }

        /** Index of the level nearest to a value in units of the scale, for IQ4_NL; the upper one on ties. */
        private int nearest(float value) {
            int upper = 1;
            while (upper < levels.length - 1 && value >= levels[upper]) {
                upper++;
            }
            return value - levels[upper - 1] < levels[upper] - value ? upper - 1 : upper;
        }

        /**
         * The scale with the least squared error, weighted by the squares of the values, among those that put the extreme
         * element near either end of the table; each candidate is refitted by least squares to the codes it leads to.
         */
        private float fitted(float[] in, int from) {
            float extreme = 0;
            for (int i = from; i < from + N; i++) {
                extreme = Math.abs(in[i]) > Math.abs(extreme) ? in[i] : extreme;
            }
            if (Math.abs(extreme) < KSearch.TINY) {
                return 0;
            }
            float scale = 0;
            float best = 0;
            for (int step = -8; step <= 7; step++) {
                float inverse = (step == -8 ? -levels[0] : step + levels[0]) / extreme;
                float cross = 0;
                float square = 0;
                for (int i = from; i < from + N; i++) {
                    float level = levels[nearest(inverse * in[i])];
                    float weight = in[i] * in[i];
                    cross += weight * level * in[i];
                    square += weight * level * level;
                }
                if (step == -8 || (square > 0 && cross * cross > best * square)) {
                    scale = square > 0 ? cross / square : 0;
                    best = scale * cross;
                }
            }
            return scale;
        }
    }
}
