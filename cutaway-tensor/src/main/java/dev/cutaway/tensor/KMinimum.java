package dev.cutaway.tensor;

import static dev.cutaway.tensor.KBlocks.N;

import dev.cutaway.tensor.KBlocks.Plane;
import java.lang.foreign.MemorySegment;

/**
 * Super-blocks whose groups have a scale and a minimum, {@code value = d * s * q - dmin * m}: Q2_K (groups of 16, s and m of
 * 4 bits), Q4_K and Q5_K (groups of 32, s and m of 6 bits).
 */
final class KMinimum extends KBlocks.K {
    private final int bits;
    private final int group;
    private final int factorsAt; // d and dmin
    private final int scalesAt;
    private final int highAt; // the fifth bits
    private final int codesAt;

    KMinimum(DType dtype, int bits) {
        super(dtype, bits == 2 ? 16 : 32, true);
        this.bits = bits;
        group = bits == 2 ? 16 : 32;
        factorsAt = bits == 2 ? 80 : 0;
        scalesAt = bits == 2 ? 0 : 4;
        highAt = 16;
        codesAt = bits == 5 ? 48 : 16;
    }

    @Override
    void codes(MemorySegment data, long at, int[] out) {
        Plane low = bits == 2 ? Plane.PAIRS : Plane.NIBBLES;
        for (int e = 0; e < N; e++) {
            int code = low.get(data, at + codesAt, e);
            out[e] = bits == 5 ? code | (Plane.BITS.get(data, at + highAt, e) << 4) : code;
        }
    }

    @Override
    void scales(MemorySegment data, long at, float[] scales, float[] offsets) {
        float d = half(data, at + factorsAt);
        float dmin = half(data, at + factorsAt + 2);
        for (int g = 0; g < N / group; g++) {
            scales[g] = d * scale(data, at, g);
            offsets[g] = -(dmin * minimum(data, at, g));
        }
    }

    /** A group's whole-number scale. Six-bit ones: the first four in bytes 0-3; of the rest, the high two bits above those. */
    private int scale(MemorySegment data, long at, int g) {
        long s = at + scalesAt;
        if (bits == 2) {
            return octet(data, s + g) & 15;
        }
        return g < 4 ? octet(data, s + g) & 63 : (octet(data, s + g + 4) & 15) | (octet(data, s + g - 4) >>> 6) << 4;
    }

    /** A group's whole-number minimum, packed likewise: bytes 4-7, and the high nibbles of bytes 8-11. */
    private int minimum(MemorySegment data, long at, int g) {
        long s = at + scalesAt;
        if (bits == 2) {
            return octet(data, s + g) >>> 4;
        }
        return g < 4 ? octet(data, s + g + 4) & 63 : (octet(data, s + g + 4) >>> 4) | (octet(data, s + g) >>> 6) << 4;
    }

    private void putScale(MemorySegment data, long at, int g, int scale, int minimum) {
        long s = at + scalesAt;
        if (bits == 2) {
            putOctet(data, s + g, scale | (minimum << 4));
        } else if (g < 4) {
            putOctet(data, s + g, scale);
            putOctet(data, s + g + 4, minimum);
        } else {
            putOctet(data, s + g + 4, (scale & 15) | (minimum & 15) << 4);
            putOctet(data, s + g - 4, octet(data, s + g - 4) | (scale >>> 4) << 6);
            putOctet(data, s + g, octet(data, s + g) | (minimum >>> 4) << 6);
        }
    }

    @Override
    String parts(MemorySegment data, long at, int g) {
        return "scale " + half(data, at + factorsAt) + " x " + scale(data, at, g) + ", minimum "
                + half(data, at + factorsAt + 2) + " x " + minimum(data, at, g);
    }

    @Override
    void quantise(float[] in, int from, MemorySegment data, long at) {
        data.asSlice(at, dtype().blockBytes()).fill((byte) 0);
        int[] codes = new int[N];
        float[] scales = new float[N / group];
        float[] minima = new float[N / group];
        float largestScale = 0;
        float largestMinimum = 0;
        for (int g = 0; g < scales.length; g++) {
            minima[g] = KSearch.scaleAndMinimum(bits, in, from + g * group, codes, g * group, group, scales, g);
            largestScale = Math.max(largestScale, scales[g]);
            largestMinimum = Math.max(largestMinimum, minima[g]);
        }
        int top = bits == 2 ? 15 : 63;
        float perScale = largestScale > 0 ? top / largestScale : 0;
        float perMinimum = largestMinimum > 0 ? top / largestMinimum : 0;
        for (int g = 0; g < scales.length; g++) {
            int s = Math.min(top, KSearch.nearest(perScale * scales[g]));
            putScale(data, at, g, s, Math.min(top, KSearch.nearest(perMinimum * minima[g])));
        }
        putHalf(data, at + factorsAt, largestScale / top);
        putHalf(data, at + factorsAt + 2, largestMinimum / top);
        settle(in, from, data, at, codes);
    }

    /** Chooses the codes again for the scales as they were rounded, and packs them. */
    private void settle(float[] in, int from, MemorySegment data, long at, int[] codes) {
        float d = half(data, at + factorsAt);
        float dmin = half(data, at + factorsAt + 2);
        Plane low = bits == 2 ? Plane.PAIRS : Plane.NIBBLES;
        for (int e = 0; e < N; e++) {
            int g = e / group;
            float scale = d * scale(data, at, g);
            if (scale != 0) {
                float shifted = in[from + e] + dmin * minimum(data, at, g);
                codes[e] = Math.clamp(KSearch.nearest(shifted / scale), 0, (1 << bits) - 1);
            }
            low.put(data, at + codesAt, e, codes[e]);
            if (bits == 5) {
                Plane.BITS.put(data, at + highAt, e, codes[e] >>> 4);
            }
        }
    }
}
