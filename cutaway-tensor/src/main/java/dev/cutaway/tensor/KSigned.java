package dev.cutaway.tensor;

import static dev.cutaway.tensor.KBlocks.N;

import dev.cutaway.tensor.KBlocks.Plane;
import java.lang.foreign.MemorySegment;

/**
 * Super-blocks whose codes are signed and whose 16 groups of 16 have a scale only, {@code value = d * s * q}: Q3_K (s of 6
 * bits) and Q6_K (s of 8 bits).
 */
final class KSigned extends KBlocks.K {
    private static final int GROUP = 16;
    private static final int GROUPS = N / GROUP;
    private final boolean six;
    private final int lowAt;
    private final int highAt;
    private final int scalesAt;
    private final int factorAt;
    private final int centre;

    KSigned(DType dtype, int bits) {
        super(dtype, GROUP, false);
        six = bits == 6;
        lowAt = six ? 0 : 32;
        highAt = six ? 128 : 0;
        scalesAt = six ? 192 : 96;
        factorAt = six ? 208 : 108;
        centre = six ? 32 : 4;
    }

    @Override
    void codes(MemorySegment data, long at, int[] out) {
        for (int e = 0; e < N; e++) {
            int code = six
                    ? Plane.WIDE_NIBBLES.get(data, at + lowAt, e) | Plane.PAIRS.get(data, at + highAt, e) << 4
                    : Plane.PAIRS.get(data, at + lowAt, e) | Plane.BITS.get(data, at + highAt, e) << 2;
            out[e] = code - centre;
        }
    }

    @Override
    void scales(MemorySegment data, long at, float[] scales, float[] offsets) {
        float d = half(data, at + factorAt);
        for (int g = 0; g < GROUPS; g++) {
            scales[g] = d * scale(data, at, g);
        }
    }

    /** A group's signed scale. Six-bit ones: low nibbles in eight bytes, high pairs in four more. */
    private int scale(MemorySegment data, long at, int g) {
        long s = at + scalesAt;
        if (six) {
            return data.get(PlainCodecs.BYTE, s + g);
        }
        int low = (octet(data, s + g % 8) >>> (g / 8 * 4)) & 15;
        int high = (octet(data, s + 8 + g % 4) >>> (g / 4 * 2)) & 3;
        return (low | (high << 4)) - 32;
    }

    private void putScale(MemorySegment data, long at, int g, int scale) {
        long s = at + scalesAt;
        if (six) {
            putOctet(data, s + g, scale);
            return;
        }
        int code = scale + 32;
        putOctet(data, s + g % 8, octet(data, s + g % 8) | (code & 15) << (g / 8 * 4));
        putOctet(data, s + 8 + g % 4, octet(data, s + 8 + g % 4) | (code >>> 4) << (g / 4 * 2));
    }

    @Override
    String parts(MemorySegment data, long at, int g) {
        return "scale " + half(data, at + factorAt) + " x " + scale(data, at, g);
    }

    @Override
    void quantise(float[] in, int from, MemorySegment data, long at) {
        data.asSlice(at, dtype().blockBytes()).fill((byte) 0);
        int[] codes = new int[N]; // still signed
        float[] scales = new float[GROUPS];
        float extreme = 0;
        for (int g = 0; g < GROUPS; g++) {
            int first = from + g * GROUP;
            scales[g] = six
                    ? KSearch.signedScale(centre, in, first, codes, g * GROUP, GROUP)
                    : KSearch.refinedScale(centre, in, first, codes, g * GROUP, GROUP);
            extreme = Math.abs(scales[g]) > Math.abs(extreme) ? scales[g] : extreme;
        }
        int top = six ? 128 : 32;
        if (Math.abs(extreme) < (six ? KSearch.TINY : Float.MIN_VALUE)) {
            if (six) {
                return; // a block of zero bytes
            }
        } else {
            float inverse = -top / extreme;
            for (int g = 0; g < GROUPS; g++) {
                putScale(data, at, g, Math.clamp(KSearch.nearest(inverse * scales[g]), -top, top - 1));
            }
            putHalf(data, at + factorAt, 1 / inverse);
        }
        settle(in, from, data, at, codes);
    }

    /** Chooses the codes again for the scales as they were rounded, and packs them. */
    private void settle(float[] in, int from, MemorySegment data, long at, int[] codes) {
        float d = half(data, at + factorAt);
        for (int e = 0; e < N; e++) {
            float scale = d * scale(data, at, e / GROUP);
            if (scale != 0) {
                codes[e] = Math.clamp(KSearch.nearest(in[from + e] / scale), -centre, centre - 1);
            }
            int code = codes[e] + centre;
            if (six) {
                Plane.WIDE_NIBBLES.put(data, at + lowAt, e, code);
                Plane.PAIRS.put(data, at + highAt, e, code >>> 4);
            } else {
                Plane.PAIRS.put(data, at + lowAt, e, code);
                Plane.BITS.put(data, at + highAt, e, code >>> 2);
            }
        }
    }
}
