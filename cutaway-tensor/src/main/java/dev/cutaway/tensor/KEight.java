package dev.cutaway.tensor;

import static dev.cutaway.tensor.KBlocks.N;

import java.lang.foreign.MemorySegment;

/** Q8_K: one f32 scale, 256 signed bytes, and the sums of each 16 codes, which integer kernels use for minima. */
final class KEight extends KBlocks.K {
    private static final int CODES = 4;
    private static final int SUMS = CODES + N;

    KEight() {
        super(DType.Q8_K, N, false);
    }

    @Override
    void codes(MemorySegment data, long at, int[] out) {
        for (int e = 0; e < N; e++) {
            out[e] = data.get(PlainCodecs.BYTE, at + CODES + e);
        }
    }

    @Override
    void scales(MemorySegment data, long at, float[] scales, float[] offsets) {
        scales[0] = data.get(PlainCodecs.FLOAT, at);
    }

    @Override
    String parts(MemorySegment data, long at, int group) {
        return "scale " + data.get(PlainCodecs.FLOAT, at);
    }

    @Override
    void quantise(float[] in, int from, MemorySegment data, long at) {
        data.asSlice(at, dtype().blockBytes()).fill((byte) 0);
        float extreme = 0;
        for (int e = from; e < from + N; e++) {
            extreme = Math.abs(in[e]) > Math.abs(extreme) ? in[e] : extreme;
        }
        if (extreme == 0) {
            return;
        }
        float inverse = -127 / extreme;
        data.set(PlainCodecs.FLOAT, at, 1 / inverse);
        for (int g = 0; g < N / 16; g++) {
            int sum = 0;
            for (int e = g * 16; e < g * 16 + 16; e++) {
                int code = Math.min(127, KSearch.nearest(inverse * in[from + e]));
                putOctet(data, at + CODES + e, code);
                sum += code;
            }
            data.set(PlainCodecs.SHORT, at + SUMS + g * 2L, (short) sum);
        }
    }
}
